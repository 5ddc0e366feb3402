#include "bench/support/process_figures.hpp"
#include "bench/support/round_trip.hpp"
#include "bench/support/runner.hpp"
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
  auto result = time_round_trips(how, round_trip);

  const auto processes = in.processes();
  const double used = processor_seconds(processes), begun = now();
  std::this_thread::sleep_for(std::chrono::seconds{1});
  const double idle = (processor_seconds(processes) - used) / (now() - begun) * 100;
  result.push_back({"idle_processor", idle, "%"});
  return result;
}

} // namespace bench
