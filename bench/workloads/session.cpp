#include "bench/workloads/session.hpp"

#include "bench/support/runner.hpp"

#include <chrono>
#include <cstdint>
#include <unistd.h>

namespace bench {

namespace {

int warm_up(int x) {
  return x;
}

} // namespace

// W9 has more tasks pending than a client lets by if it isn't told otherwise.
session::session(bool processes)
    : in_processes(processes), cluster({.workers = 2, .threads_per_worker = 1, .processes = processes}),
      client(cluster, {.max_pending = 20'000'000, .max_pending_bytes = std::uint64_t{64} << 30}) {
  client.wait_for_workers(2, std::chrono::seconds{10});
  settle();
}

void session::settle() {
  for (const auto& name : worker_names())
    expect(client.submit({.workers = {name}}, warm_up, 1).result() == 1, "warm-up");
}

std::vector<std::string> session::worker_names() const {
  std::vector<std::string> names;
  for (const auto& each : client.workers())
    names.push_back(each.name);
  return names;
}

std::set<pid_t> session::processes() const {
  std::set<pid_t> result = {::getpid()};
  if (in_processes)
    for (const auto& each : client.workers())
      result.insert(static_cast<pid_t>(each.pid));
  return result;
}

} // namespace bench
