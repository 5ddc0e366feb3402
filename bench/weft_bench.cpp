// Measures Weft itself: prints lines "weft-MODE WORKLOAD METRIC VALUE UNIT".
//
//   weft_bench [inproc|procs|all] [W1 W2 W3 W6 W9 …] [--repeat N] [--scale PERCENT]
//
// Each workload runs N times (3 unless told); the best run counts, because whatever else the machine does can
// only make it slower. `--scale 10` runs a tenth of the tasks, for a quick look.

#include <weft/weft.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <future>
#include <malloc.h>
#include <numeric>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;

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

double seconds_since(clock::time_point begun) {
  return std::chrono::duration<double>(clock::now() - begun).count();
}

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("wrong result: ") + what);
}

struct settings {
  int repeat = 3;
  int scale = 100; // percent
  int scaled(int count) const { return std::max(1, static_cast<int>(std::int64_t{count} * scale / 100)); }
};

// One number that a run gives, and whether more is better.
struct measure {
  std::string metric;
  double value;
  std::string unit;
  bool more_is_better;
};
using run_function = std::vector<measure> (*)(weft::client&, const settings&);

// W1: a million tasks that do nothing, submitted one by one and gathered.
std::vector<measure> w1(weft::client& client, const settings& how) {
  const int count = how.scaled(1'000'000);
  std::vector<weft::future<int>> futures;
  futures.reserve(static_cast<std::size_t>(count));
  const auto begun = clock::now();
  for (int i = 0; i < count; ++i)
    futures.push_back(client.submit(inc, i));
  const double submitted = seconds_since(begun);
  const auto results = client.gather(futures);
  const double done = seconds_since(begun);
  for (int i = 0; i < count; ++i)
    expect(results[static_cast<std::size_t>(i)] == i + 1, "W1");
  return {{"throughput", count / done, "tasks/s", true},
          {"submit", submitted / count * 1e9, "ns/task", false}};
}

// W2: each task needs the one before it.
std::vector<measure> w2(weft::client& client, const settings& how) {
  const int count = how.scaled(100'000);
  const auto begun = clock::now();
  auto last = client.submit(inc, 0);
  for (int i = 1; i < count; ++i)
    last = client.submit(inc, last);
  expect(last.result() == count, "W2");
  return {{"hop", seconds_since(begun) / count * 1e6, "us", false}};
}

// W3: the notebook's graph: inc and twice of each number, their sum, and the sum of all.
std::vector<measure> w3(weft::client& client, const settings& how) {
  const int count = how.scaled(100'000);
  std::vector<weft::future<int>> sums;
  sums.reserve(static_cast<std::size_t>(count));
  const auto begun = clock::now();
  for (int i = 0; i < count; ++i) {
    auto x = client.submit(inc, i);
    auto y = client.submit(twice, x);
    sums.push_back(client.submit(add, x, y));
  }
  const auto total = client.submit(sum, sums).result();
  const double done = seconds_since(begun);
  std::int64_t expected = 0;
  for (int i = 0; i < count; ++i)
    expected += 3 * (std::int64_t{i} + 1);
  expect(total == expected, "W3");
  return {{"throughput", 3.0 * count / done, "tasks/s", true}};
}

// W6: from submit to result, one at a time.
std::vector<measure> w6(weft::client& client, const settings& how) {
  const int count = how.scaled(5'000);
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto begun = clock::now();
    expect(client.submit(inc, i).result() == i + 1, "W6");
    times.push_back(seconds_since(begun) * 1e6);
  }
  std::ranges::sort(times);
  const auto at = [&](double part) {
    return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
  };
  return {{"median", at(0.5), "us", false}, {"p99", at(0.99), "us", false}};
}

// W9: what a task costs in memory while it waits for another one.
std::vector<measure> w9(weft::client& client, const settings& how) {
  const int count = how.scaled(1'000'000);
  static std::promise<void>* gate;
  std::promise<void> open;
  gate = &open;
  // Works in one process only: the gate is a pointer.
  auto closed = client.submit(
      [](int) {
        gate->get_future().wait();
        return 0;
      },
      0);
  std::vector<weft::future<int>> futures;
  futures.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < 1000; ++i)
    futures.push_back(client.submit(add, closed, i)); // what is allocated once is there now
  ::malloc_trim(0); // or memory that an earlier run has freed would be filled first and not count
  const auto before = resident_bytes();
  for (int i = 1000; i < count; ++i)
    futures.push_back(client.submit(add, closed, i));
  // An answer from the scheduler means that it has read what was submitted before.
  (void)futures.back().who_has();
  const auto after = resident_bytes();
  open.set_value();
  const auto results = client.gather(futures);
  expect(results.back() == count - 1, "W9");
  return {{"pending", static_cast<double>(after - before) / (count - 1000), "bytes/task", false}};
}

struct workload {
  const char* name;
  run_function run;
  bool in_process_only;
};
constexpr workload workloads[] = {
    {"W1", w1, false}, {"W2", w2, false}, {"W3", w3, false}, {"W6", w6, false}, {"W9", w9, true},
};

void run(const std::string& mode, const workload& what, const settings& how) {
  std::vector<measure> best;
  for (int i = 0; i < how.repeat; ++i) {
    const bool processes = mode == "procs";
    weft::local_cluster cluster{
        {.workers = processes ? 2u : 1u, .threads_per_worker = processes ? 1u : 2u, .processes = processes}};
    weft::client client{cluster};
    client.wait_for_workers(processes ? 2 : 1, std::chrono::seconds{10});
    expect(client.submit(inc, 1).result() == 2, "warm-up");
    auto measured = what.run(client, how);
    if (best.empty()) best = measured;
    for (std::size_t k = 0; k < best.size(); ++k)
      if (measured[k].more_is_better ? measured[k].value > best[k].value : measured[k].value < best[k].value)
        best[k] = measured[k];
  }
  for (const auto& each : best)
    std::printf("weft-%s %s %s %.*f %s\n", mode.c_str(), what.name, each.metric.c_str(),
                each.value < 100 ? 2 : 0, each.value, each.unit.c_str());
  std::fflush(stdout);
}

int usage(const char* why) {
  std::fprintf(stderr,
               "weft_bench: %s\nusage: weft_bench [inproc|procs|all] [W1 W2 W3 W6 W9 ...] [--repeat N] "
               "[--scale PERCENT]\n",
               why);
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  weft::init init{argc, argv};
  settings how;
  std::vector<std::string> modes, names;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "inproc" || word == "procs") {
      modes.push_back(word);
    } else if (word == "all") {
      modes = {"inproc", "procs"};
    } else if ((word == "--repeat" || word == "--scale") && i + 1 < argc) {
      const int number = std::atoi(argv[++i]);
      if (number < 1) return usage("a number of at least 1 is wanted");
      (word == "--repeat" ? how.repeat : how.scale) = number;
    } else if (std::ranges::any_of(workloads, [&](const workload& each) { return word == each.name; })) {
      names.push_back(word);
    } else {
      return usage(("what is " + word + "?").c_str());
    }
  }
  if (modes.empty()) modes = {"inproc", "procs"};
  try {
    for (const auto& mode : modes)
      for (const auto& each : workloads) {
        if (!names.empty() && std::ranges::find(names, each.name) == names.end()) continue;
        if (mode == "procs" && each.in_process_only) continue;
        run(mode, each, how);
      }
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "weft_bench: %s\n", thrown.what());
    return 1;
  }
}
