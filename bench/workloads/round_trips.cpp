#include "bench/support/process_figures.hpp"
#include "bench/support/runner.hpp"
#include "bench/support/statistics.hpp"
#include "bench/workloads/workloads.hpp"

#include <chrono>
#include <thread>

namespace bench {

namespace {

int inc(int x) {
  return x + 1;
}

} // namespace

measures round_trips(session& in, const settings& how) {
  const auto round_trip = [&](int i) { expect(in.client.submit(inc, i).result() == i + 1, "W6"); };
  const auto busy = times_of(how.scaled(5'000), round_trip);

  std::vector<double> rested;
  for (int i = 0; i < how.scaled(100); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    rested.push_back(times_of(1, round_trip).front());
  }

  const auto processes = in.processes();
  const double used = processor_seconds(processes), begun = now();
  std::this_thread::sleep_for(std::chrono::seconds{1});
  const double idle = (processor_seconds(processes) - used) / (now() - begun) * 100;
  return {{"round_trip", median(busy), "us"},
          {"round_trip_p99", quantile(busy, 0.99), "us"},
          {"rested_round_trip", median(rested), "us"},
          {"rested_round_trip_p99", quantile(rested, 0.99), "us"},
          {"idle_processor", idle, "%"}};
}

} // namespace bench
