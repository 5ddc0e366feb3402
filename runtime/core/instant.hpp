#pragma once

#include <weft/time.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

// What the library does with moments: <weft/time.hpp> keeps <chrono> from those who include Weft.
namespace weft::detail {

constexpr instant operator+(instant at, std::chrono::nanoseconds by) noexcept {
  return {at.nanoseconds + by.count()};
}
constexpr std::chrono::nanoseconds operator-(instant a, instant b) noexcept {
  return std::chrono::nanoseconds(a.nanoseconds - b.nanoseconds);
}

/// As people say it: "18 µs", "3 ms", "2.5 s".
inline std::string readable(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count < 1'000) return std::to_string(count) + " ns";
  if (count < 1'000'000) return std::to_string(count / 1'000) + " µs";
  if (count < 1'000'000'000) return std::to_string(count / 1'000'000) + " ms";
  char text[32];
  const double seconds = static_cast<double>(count) / 1e9;
  std::snprintf(text, sizeof text, seconds < 100 ? "%.3g s" : "%.0f s", seconds);
  return text;
}

} // namespace weft::detail
