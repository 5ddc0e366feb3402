#include "actors/log.hpp"

#include <cstdio>

namespace weft::detail {

void log_error(const std::string& sentence) {
  // One call, so that lines of several threads do not mix.
  const std::string line = "weft: " + sentence + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

} // namespace weft::detail
