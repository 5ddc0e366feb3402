#pragma once

#include <string>
#include <vector>

namespace bench {

/// What a benchmark program was told on its command line.
struct settings {
  int repeat = 7;
  int scale = 100; ///< percent of the full number of tasks
  std::vector<std::string> modes{};
  std::vector<std::string> names{}; ///< of workloads; empty: all
  int single = -1; ///< this process is there for one repetition of the workload at this position

  /// As many as the scale asks for, at least 2.
  int scaled(int count) const;
  /// Whether the workload is wanted.
  bool wants(const std::string& name) const;
};

/// Reads "[MODE…] [WORKLOAD…] [--repeat N] [--scale PERCENT]". A word that is no mode and no workload, or a
/// number that is none, is told on standard error, and the program ends with status 2.
settings read_settings(int argc, char** argv, const std::vector<std::string>& modes,
                       const std::vector<std::string>& workloads);

} // namespace bench
