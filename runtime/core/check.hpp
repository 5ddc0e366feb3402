#pragma once

namespace weft::detail {

/// Says where and which promise was broken, and aborts: going on would only hide it.
[[noreturn]] void promise_broken(const char* file, int line, const char* condition, const char* sentence);

/// What a broken promise does instead, if it does not return: the simulator throws, to tell the seed. Null:
/// abort. Not thread-safe: set it before machines run.
using promise_handler = void (*)(const char* file, int line, const char* condition, const char* sentence);
void on_broken_promise(promise_handler handler) noexcept;

} // namespace weft::detail

/// A broken invariant is a bug and stops the program, in every build; dear checks belong into
/// check_invariants().
#define WEFT_CHECK(condition, sentence)                                                                      \
  (static_cast<bool>(condition) ? void(0)                                                                    \
                                : ::weft::detail::promise_broken(__FILE__, __LINE__, #condition, sentence))
