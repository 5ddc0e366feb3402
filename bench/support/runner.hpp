#pragma once

#include "bench/support/measure.hpp"
#include "bench/support/settings.hpp"

#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Something to measure. `run` is one repetition and throws std::runtime_error for a wrong result; what it
/// keeps for the next one, the runner ends with the last.
struct workload {
  enum class where {
    warm,  ///< in this process, after one run that does not count
    cold,  ///< in this process; it warms up by itself, or there is nothing to warm
    alone, ///< each repetition in a fresh process, because memory that was used before does not count again
  };

  std::string name;
  std::function<measures(const settings&)> run;
  where runs = where::warm;
};

/// The names of the workloads, each once.
std::vector<std::string> names_of(const std::vector<workload>& workloads);

/// Runs what is wanted as often as it is wanted, and prints for each metric
///     PEER WORKLOAD METRIC_best VALUE UNIT
///     PEER WORKLOAD METRIC_median VALUE UNIT
/// A repetition that fails is told on standard error, and the others go on. Prints nothing if `quiet` (of
/// several processes that run this together, one speaks). `mode` is the word that tells a fresh process what
/// to be; may be empty. Returns the status for main: 1 if something failed.
int run_workloads(const settings& how, const std::string& peer, const std::string& mode,
                  const std::vector<workload>& workloads, bool quiet = false);

/// Throws std::runtime_error unless the condition holds.
void expect(bool condition, const char* what);

/// Seconds since some moment in the past, the same for all processes of the machine.
double now();

} // namespace bench
