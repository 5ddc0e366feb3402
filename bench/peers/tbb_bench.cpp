// The workloads on oneTBB, with two threads that run tasks: prints lines "tbb WORKLOAD METRIC VALUE UNIT".
// Where the main thread only waits and is asleep meanwhile, two of TBB's own run the tasks; else it is one of
// the two.

#include "bench/support/completion_queue.hpp"
#include "bench/support/grid_counters.hpp"
#include "bench/support/process_figures.hpp"
#include "bench/support/round_trip.hpp"
#include "bench/support/runner.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <numeric>
#include <oneapi/tbb.h>
#include <thread>
#include <vector>

namespace {

using namespace bench;
using where = workload::where;
using node = tbb::flow::continue_node<tbb::flow::continue_msg>;
using message = tbb::flow::continue_msg;

int inc(int x) {
  return x + 1;
}

// Threads that may run tasks at once, the main thread among them, for as long as this lives.
struct threads {
  explicit threads(std::size_t count) : limit(tbb::global_control::max_allowed_parallelism, count) {}
  tbb::global_control limit;
};

std::int64_t sum_up_to(std::int64_t count) {
  return count * (count + 1) / 2;
}

measures throughput(double tasks, double seconds) {
  return {{"throughput", tasks / seconds, "tasks/s", true}};
}

// A task has a future, and the result goes through it.
measures independent_tasks(const settings& how) {
  const threads two{2};
  const int count = how.scaled(1'000'000);
  std::vector<std::future<int>> futures;
  futures.reserve(static_cast<std::size_t>(count));
  tbb::task_group group;
  const double begun = now();
  for (int i = 0; i < count; ++i) {
    auto promise = std::make_shared<std::promise<int>>(); // what a task group runs must be copyable
    futures.push_back(promise->get_future());
    group.run([i, promise] { promise->set_value(inc(i)); });
  }
  group.wait();
  std::int64_t total = 0;
  for (auto& each : futures)
    total += each.get();
  const double done = now() - begun;
  expect(total == sum_up_to(count), "W1");
  return throughput(count, done);
}

measures chain(const settings& how) {
  const threads two{2};
  const int count = how.scaled(100'000);
  int value = 0;
  const double begun = now();
  tbb::flow::graph graph;
  std::vector<std::unique_ptr<node>> nodes;
  nodes.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    nodes.push_back(std::make_unique<node>(graph, [&value](const message&) { value = inc(value); }));
    if (i > 0) tbb::flow::make_edge(*nodes[nodes.size() - 2], *nodes.back());
  }
  nodes.front()->try_put({});
  graph.wait_for_all();
  const double done = now() - begun;
  expect(value == count, "W2");
  return {{"hop", done / count * 1e6, "us"}};
}

// Written by hand: each task counts down what waits for it. The least that such a graph costs.
measures notebook_graph(const settings& how) {
  const threads two{2};
  const auto count = static_cast<std::size_t>(how.scaled(100'000));
  std::vector<int> x(count), y(count), sums(count);
  const auto missing = std::make_unique<std::atomic<int>[]>(count);
  std::int64_t total = 0;
  std::atomic<std::size_t> left{count};
  tbb::task_group group;
  const auto add = [&](std::size_t i) {
    sums[i] = x[i] + y[i];
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1)
      group.run([&] { total = std::accumulate(sums.begin(), sums.end(), std::int64_t{0}); });
  };
  const auto one_less = [&](std::size_t i) {
    if (missing[i].fetch_sub(1, std::memory_order_acq_rel) == 1) group.run([&add, i] { add(i); });
  };
  const double begun = now();
  for (std::size_t i = 0; i < count; ++i) {
    missing[i].store(2, std::memory_order_relaxed);
    group.run([&, i] {
      x[i] = inc(static_cast<int>(i));
      group.run([&, i] {
        y[i] = 2 * x[i];
        one_less(i);
      });
      one_less(i);
    });
  }
  group.wait();
  const double done = now() - begun;
  expect(total == 3 * sum_up_to(static_cast<std::int64_t>(count)), "W3");
  return throughput(3.0 * static_cast<double>(count) + 1, done);
}

// As a graph that is built and run, for that is what a client with futures has to do.
measures tree_reduction(const settings& how) {
  const threads two{2};
  std::size_t count = 2;
  while (count < static_cast<std::size_t>(how.scaled(1 << 17)))
    count *= 2;
  std::vector<std::int64_t> values(2 * count);
  const double begun = now();
  tbb::flow::graph graph;
  std::vector<std::unique_ptr<node>> nodes(2 * count); // [1] is the root, [count] the first leaf
  for (std::size_t i = 2 * count - 1; i >= 1; --i) {
    if (i >= count) {
      nodes[i] = std::make_unique<node>(graph, [&values, i, count](const message&) {
        values[i] = static_cast<std::int64_t>(i - count) + 1;
      });
    } else {
      nodes[i] = std::make_unique<node>(
          graph, [&values, i](const message&) { values[i] = values[2 * i] + values[2 * i + 1]; });
      tbb::flow::make_edge(*nodes[2 * i], *nodes[i]);
      tbb::flow::make_edge(*nodes[2 * i + 1], *nodes[i]);
    }
  }
  for (std::size_t i = count; i < 2 * count; ++i)
    nodes[i]->try_put({});
  graph.wait_for_all();
  const double done = now() - begun;
  expect(values[1] == sum_up_to(static_cast<std::int64_t>(count)), "W4");
  return throughput(2.0 * static_cast<double>(count) - 1, done);
}

measures as_completed_reduction(const settings& how) {
  const threads three{3};
  const int count = how.scaled(100'000);
  tbb::task_arena arena{2, 0};
  completion_queue queue;
  const double begun = now();
  const auto total = reduce_as_completed(queue, count, [&](std::int64_t x, std::int64_t y) {
    arena.enqueue([&queue, x, y] { queue.push(x + y); });
  });
  const double done = now() - begun;
  expect(total == sum_up_to(count), "W5");
  return throughput(2.0 * count - 1, done);
}

measures round_trips(const settings& how) {
  const threads three{3};
  tbb::task_arena arena{2, 0};
  const auto round_trip = [&](int i) {
    // On the stack it would be gone while set_value is still at work.
    const auto promise = std::make_shared<std::promise<int>>();
    auto future = promise->get_future();
    arena.enqueue([i, promise] { promise->set_value(inc(i)); });
    expect(future.get() == i + 1, "W6");
  };
  return time_round_trips(how, round_trip);
}

double run_grid(const task_grid& grid) {
  const double begun = now();
  grid_counters counters{grid};
  tbb::task_group group;
  std::function<void(int, int)> spawn = [&](int step, int point) {
    group.run([&, step, point] { counters.run_and_spawn(step, point, spawn); });
  };
  for (int point = 0; point < grid.width; ++point)
    spawn(0, point);
  group.wait();
  return now() - begun;
}

measures smallest_tasks(const settings& how) {
  const threads two{2};
  return find_granularities(200, kernel_seconds(), how.scaled(1000), run_grid);
}

// Nodes of a graph that wait for one other.
measures pending(const settings& how, int full, const char* metric) {
  const threads two{2};
  const auto count = static_cast<std::size_t>(how.scaled(full));
  std::vector<int> results(count, 1);
  tbb::flow::graph graph;
  node gate{graph, [](const message&) {}};
  std::vector<std::unique_ptr<node>> nodes;
  const auto before = resident_bytes();
  nodes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    nodes.push_back(std::make_unique<node>(
        graph, [&results, i](const message&) { results[i] = inc(static_cast<int>(i)); }));
    tbb::flow::make_edge(gate, *nodes.back());
  }
  const auto after = resident_bytes();
  gate.try_put({});
  graph.wait_for_all();
  expect(results.back() == static_cast<int>(count), "W9");
  return {{metric, static_cast<double>(after - before) / static_cast<double>(count), "bytes/task"}};
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<workload> workloads = {
      {"W1", independent_tasks, where::warm},
      {"W2", chain, where::warm},
      {"W3", notebook_graph, where::warm},
      {"W4", tree_reduction, where::warm},
      {"W5", as_completed_reduction, where::warm},
      {"W6", round_trips, where::warm},
      {"W8", smallest_tasks, where::cold},
      {"W9", [](const settings& how) { return pending(how, 1'000'000, "pending_1M"); }, where::alone},
      {"W9", [](const settings& how) { return pending(how, 10'000'000, "pending_10M"); }, where::alone},
  };
  return run_workloads(read_settings(argc, argv, {}, names_of(workloads)), "tbb", "", workloads);
}
