#include "runtime/core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace weft::detail {

void promise_broken(const char* file, int line, const char* condition, const char* sentence) {
  std::fprintf(stderr, "weft: %s:%d: %s (%s)\n", file, line, sentence, condition);
  std::abort();
}

} // namespace weft::detail
