#include "bench/support/runner.hpp"
#include "bench/workloads/workloads.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <thread>
#include <unistd.h>

namespace bench {

namespace {

constexpr int task_milliseconds = 2;

struct trace {
  std::int64_t process = 0;
  double begun = 0;
};

// It sleeps, so that how fast the machine computes does not matter.
trace doze(int) {
  const trace result{::getpid(), now()};
  std::this_thread::sleep_for(std::chrono::milliseconds{task_milliseconds});
  return result;
}

std::vector<weft::future<trace>> submit_all(session& in, int count) {
  std::vector<weft::future<trace>> futures;
  for (int i = 0; i < count; ++i)
    futures.push_back(in.client.submit(doze, i));
  return futures;
}

} // namespace

// A run with nothing in its way, then the same with a worker killed after half of that time. The one that is
// left needs another half of the undisturbed time for its dead neighbour's share, and computes again what
// only that one held: this comes on top, and is what `kill_cost` tells.
measures killed_worker(session& in, const settings& how) {
  const int count = how.scaled(1'000);
  double begun = now();
  auto futures = submit_all(in, count);
  (void)in.client.gather(futures);
  const double undisturbed = now() - begun;

  begun = now();
  futures = submit_all(in, count);
  std::this_thread::sleep_for(std::chrono::duration<double>(undisturbed / 2));
  const auto victim = in.client.workers().front();
  expect(::kill(static_cast<pid_t>(victim.pid), SIGKILL) == 0, "W10: the worker is a process");
  const double killed = now() - begun;
  expect(in.client.gather(futures).size() == static_cast<std::size_t>(count), "W10");
  const double disturbed = now() - begun;
  // Until the kill two workers ran; the rest of the work takes one of them twice as long.
  const double least = killed + std::max(0.0, undisturbed - killed) * 2;
  return {{"undisturbed", undisturbed, "s"},
          {"kill_extra", disturbed - undisturbed, "s"},
          {"kill_cost", disturbed - least, "s"}};
}

// From the order to start a worker, its process included, to the first task that begins there.
measures joining_worker(session& in, const settings& how) {
  const int count = how.scaled(1'000);
  const auto known = in.processes();
  const auto futures = submit_all(in, count);
  const double asked = now();
  in.cluster.start_worker();
  const double joined = now();
  double first = -1;
  for (const auto& each : in.client.gather(futures))
    if (!known.contains(static_cast<pid_t>(each.process)))
      first = first < 0 ? each.begun : std::min(first, each.begun);
  expect(first >= 0, "W10: the new worker ran nothing");
  return {{"join_process", (joined - asked) * 1e3, "ms"}, {"join_first_task", (first - asked) * 1e3, "ms"}};
}

} // namespace bench
