#include "bench/support/runner.hpp"
#include "bench/workloads/workloads.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace bench {

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
std::int64_t sum(const std::vector<int>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0});
}
std::int64_t leaf(int x) {
  return std::int64_t{x} + 1;
}
std::int64_t join(std::int64_t x, std::int64_t y) {
  return x + y;
}

std::int64_t sum_up_to(std::int64_t count) {
  return count * (count + 1) / 2;
}

} // namespace

// Submitted one by one, and gathered.
measures independent_tasks(session& in, const settings& how) {
  const int count = how.scaled(1'000'000);
  std::vector<weft::future<int>> futures;
  futures.reserve(static_cast<std::size_t>(count));
  const double begun = now();
  for (int i = 0; i < count; ++i)
    futures.push_back(in.client.submit(inc, i));
  const double submitted = now() - begun;
  const auto results = in.client.gather(futures);
  const double done = now() - begun;
  for (int i = 0; i < count; ++i)
    expect(results[static_cast<std::size_t>(i)] == i + 1, "W1");
  return {{"throughput", count / done, "tasks/s", true}, {"submit", submitted / count * 1e9, "ns/task"}};
}

// Each task needs the one before it. Then, between processes, the same with each task on the other worker.
measures chain(session& in, const settings& how) {
  const int count = how.scaled(100'000);
  double begun = now();
  auto last = in.client.submit(inc, 0);
  for (int i = 1; i < count; ++i)
    last = in.client.submit(inc, last);
  expect(last.result() == count, "W2");
  measures result = {{"hop", (now() - begun) / count * 1e6, "us"}};
  if (!in.in_processes) return result;

  const int hops = how.scaled(10'000);
  std::vector<weft::task_options> places;
  for (const auto& name : in.worker_names())
    places.push_back({.workers = {name}});
  begun = now();
  last = in.client.submit(places[0], inc, 0);
  for (int i = 1; i < hops; ++i)
    last = in.client.submit(places[static_cast<std::size_t>(i % 2)], inc, last);
  expect(last.result() == hops, "W2 across");
  result.push_back({"hop_across", (now() - begun) / hops * 1e6, "us"});
  return result;
}

// inc and twice of each number, their sum, and the sum of all.
measures notebook_graph(session& in, const settings& how) {
  const int count = how.scaled(100'000);
  std::vector<weft::future<int>> sums;
  sums.reserve(static_cast<std::size_t>(count));
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    auto x = in.client.submit(inc, i);
    auto y = in.client.submit(twice, x);
    sums.push_back(in.client.submit(add, x, y));
  }
  const auto total = in.client.submit(sum, sums).result();
  const double done = now() - begun;
  expect(total == 3 * sum_up_to(count), "W3");
  return {{"throughput", (3.0 * count + 1) / done, "tasks/s", true}};
}

// Pairs are added until one is left. The inner futures go as soon as their sum is submitted.
measures tree_reduction(session& in, const settings& how) {
  const int count = how.scaled(1 << 17);
  std::vector<weft::future<std::int64_t>> level;
  level.reserve(static_cast<std::size_t>(count));
  const double begun = now();
  for (int i = 0; i < count; ++i)
    level.push_back(in.client.submit(leaf, i));
  while (level.size() > 1) {
    const std::size_t pairs = level.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i)
      level[i] = in.client.submit(join, level[2 * i], level[2 * i + 1]);
    if (level.size() % 2) level[pairs] = std::move(level.back());
    level.resize(pairs + level.size() % 2);
  }
  const auto total = level.front().result();
  const double done = now() - begun;
  expect(total == sum_up_to(count), "W4");

  // The same of far more leaves, in a few tasks: each worker is given ranges of them.
  const int many = how.scaled(1 << 24);
  const double begun_again = now();
  const auto reduced = in.client.map_reduce(weft::index_range{0, many}, leaf, join).result();
  const double leaves_done = now() - begun_again;
  expect(reduced == sum_up_to(many), "W4 leaves");
  return {{"throughput", (2.0 * count - 1) / done, "tasks/s", true},
          {"leaves", many / leaves_done, "leaves/s", true}};
}

// The two that were done first are added, until one is left.
measures as_completed_reduction(session& in, const settings& how) {
  const int count = how.scaled(100'000);
  std::vector<weft::future<std::int64_t>> leaves;
  leaves.reserve(static_cast<std::size_t>(count));
  const double begun = now();
  for (int i = 0; i < count; ++i)
    leaves.push_back(in.client.submit(leaf, i));
  weft::as_completed<std::int64_t> done_first{leaves};
  leaves.clear();
  for (int left = count; left > 1; --left) {
    const auto first = done_first.next();
    done_first.add(in.client.submit(join, first, done_first.next()));
  }
  const auto total = done_first.next().result();
  const double done = now() - begun;
  expect(total == sum_up_to(count), "W5");
  return {{"throughput", (2.0 * count - 1) / done, "tasks/s", true}};
}

} // namespace bench
