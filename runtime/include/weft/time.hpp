#pragma once

#include <compare>
#include <cstdint>

// What the library keeps for itself is durations and clocks without the calendar, which costs as much as all
// of Weft.
#if __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif

namespace weft {

using std::chrono::nanoseconds;

namespace detail {

/// A moment on the process's steady clock, in nanoseconds. Machines never read a clock: they are told.
struct instant {
  std::int64_t nanoseconds = 0;

  friend constexpr auto operator<=>(instant, instant) noexcept = default;
  friend constexpr instant operator+(instant at, std::chrono::nanoseconds by) noexcept {
    return {at.nanoseconds + by.count()};
  }
  friend constexpr std::chrono::nanoseconds operator-(instant a, instant b) noexcept {
    return std::chrono::nanoseconds(a.nanoseconds - b.nanoseconds);
  }
  static instant now() noexcept {
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(
                std::chrono::steady_clock::now().time_since_epoch())
                .count()};
  }
};

} // namespace detail
} // namespace weft
