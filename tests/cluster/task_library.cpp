#include "tests/cluster/task_library.hpp"

namespace {

int triple(int x) {
  return 3 * x;
}

int add(int x, int y) {
  return x + y;
}

} // namespace

int triple_by_pointer(int x) {
  return triple(x);
}

weft::future<int> submit_triple(weft::client& client, int x) {
  return client.submit(triple, x);
}

weft::future<int> submit_sum_of_triples(weft::client& client, int count) {
  return client.map_reduce({.pieces = 20}, weft::index_range{0, count}, triple, add);
}
