#include "runtime/core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace weft::detail {

namespace {

promise_handler handler_in_use = nullptr;

} // namespace

void promise_broken(const char* file, int line, const char* condition, const char* sentence) {
  if (handler_in_use) handler_in_use(file, line, condition, sentence);
  std::fprintf(stderr, "weft: %s:%d: %s (%s)\n", file, line, sentence, condition);
  std::abort();
}

void on_broken_promise(promise_handler handler) noexcept {
  handler_in_use = handler;
}

} // namespace weft::detail
