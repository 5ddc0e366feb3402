// The futures notebook: everything that one does with futures, on a few lines each. Look at how little
// changes between one process, worker processes (--processes) and a cluster that runs elsewhere (--connect
// ADDRESS): only the client.
//
//     010_notebook [--sleep] [--processes | --connect ADDRESS]

#include "program_options.hpp"

#include <weft/weft.hpp>

#include <chrono>
#include <iostream>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace {

int inc(int x) {
  return x + 1;
}

int twice(int x) {
  return 2 * x;
}

int add(int x, int y) {
  return x + y;
}

int sum(const std::vector<int>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0);
}

// The same as work that takes its time, up to a second, as in the original.
namespace slow {

void dawdle() {
  thread_local std::mt19937 random{std::random_device{}()};
  std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution<>(0, 1000)(random)));
}

int inc(int x) {
  dawdle();
  return ::inc(x);
}

int twice(int x) {
  dawdle();
  return ::twice(x);
}

int add(int x, int y) {
  dawdle();
  return ::add(x, y);
}

} // namespace slow

struct functions {
  int (*inc)(int) = ::inc;
  int (*twice)(int) = ::twice;
  int (*add)(int, int) = ::add;
};

void run(const example::options& options) {
  const functions use = options.sleep ? functions{slow::inc, slow::twice, slow::add} : functions{};
  example::cluster cluster{options};
  weft::client client = cluster.connect();

  // One task: submit returns at once, result waits.
  auto x = client.submit(use.inc, 1);
  std::cout << x << '\n' << x.result() << '\n' << x << '\n';

  // A chain: a future as an argument makes one task wait for another, and its result need not come here.
  auto y = client.submit(use.twice, x);
  auto z = client.submit(use.add, x, y);
  std::cout << z << '\n' << z.result() << '\n' << z << '\n';

  // Many tasks, and one that needs them all.
  std::vector<weft::future<int>> zs;
  for (int i = 0; i < 256; ++i) {
    auto a = client.submit(use.inc, i);
    auto b = client.submit(use.twice, a);
    zs.push_back(client.submit(use.add, a, b));
  }
  auto total = client.submit(sum, zs);
  std::cout << total << '\n' << total.result() << '\n' << total << '\n';

  // Workers come while work runs.
  cluster.add_workers(10, 4);

  // The same sum as a tree.
  std::vector<weft::future<int>> level = zs;
  while (level.size() > 1) {
    std::vector<weft::future<int>> next;
    for (std::size_t i = 0; i < level.size(); i += 2)
      next.push_back(client.submit(use.add, level[i], level[i + 1]));
    level = std::move(next);
  }
  std::cout << level.front().result() << '\n';

  // Whichever are there first are added, until two are left.
  weft::as_completed sequence{client.map(use.inc, zs)};
  while (sequence.count() > 2)
    sequence.add(client.submit(use.add, sequence.next(), sequence.next()));
  const int first = sequence.next().result();
  const int second = sequence.next().result();
  std::cout << first << " + " << second << " = " << first + second << '\n';
}

} // namespace

int main(int argc, char** argv) {
  weft::init init{argc, argv};
  return example::main(argc, argv, {.sleep = true}, run);
}
