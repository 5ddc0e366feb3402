// A program of somebody who has nothing but Weft: the same work by threads and by worker processes.

#include <weft/weft.hpp>

#include <iostream>
#include <vector>

namespace {

int inc(int x) {
  return x + 1;
}

int sum(const std::vector<int>& numbers) {
  int total = 0;
  for (int number : numbers)
    total += number;
  return total;
}

int sum_of_increments(bool processes) {
  weft::local_cluster cluster{{.workers = 2, .processes = processes}};
  weft::client client{cluster};
  std::vector<weft::future<int>> incremented;
  for (int i = 0; i < 10; ++i)
    incremented.push_back(client.submit(inc, i));
  const int more = 100;
  auto total = client.submit(sum, incremented);
  return client.submit([more](int x) { return x + more; }, total).result();
}

} // namespace

int main(int argc, char** argv) {
  weft::init init{argc, argv};
  std::cout << "threads: " << sum_of_increments(false) << '\n';
  std::cout << "processes: " << sum_of_increments(true) << '\n';
}
