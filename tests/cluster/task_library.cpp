#include "tests/cluster/task_library.hpp"

namespace {

int triple(int x) {
  return 3 * x;
}

} // namespace

weft::future<int> submit_triple(weft::client& client, int x) {
  return client.submit(triple, x);
}
