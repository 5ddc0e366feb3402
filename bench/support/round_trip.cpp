#include "bench/support/round_trip.hpp"

#include "bench/support/statistics.hpp"

#include <chrono>
#include <thread>
#include <vector>

namespace bench {

measures time_round_trips(const settings& how, const std::function<void(int)>& round_trip) {
  const auto busy = times_of(how.scaled(5'000), round_trip);
  std::vector<double> rested;
  for (int i = 0; i < how.scaled(100); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    rested.push_back(times_of(1, round_trip).front());
  }
  return {{"round_trip", median(busy), "us"},
          {"round_trip_p99", quantile(busy, 0.99), "us"},
          {"rested_round_trip", median(rested), "us"},
          {"rested_round_trip_p99", quantile(rested, 0.99), "us"}};
}

} // namespace bench
