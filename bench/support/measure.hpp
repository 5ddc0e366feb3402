#pragma once

#include <string>
#include <vector>

namespace bench {

/// One number that one repetition of a workload gives.
struct measure {
  std::string metric;
  double value;
  std::string unit;
  bool more_is_better = false;
};
using measures = std::vector<measure>;

} // namespace bench
