#pragma once

#include <weft/time.hpp>

#include <chrono>

// What the library does with moments: <weft/time.hpp> keeps <chrono> from those who include Weft.
namespace weft::detail {

constexpr instant operator+(instant at, std::chrono::nanoseconds by) noexcept {
  return {at.nanoseconds + by.count()};
}
constexpr std::chrono::nanoseconds operator-(instant a, instant b) noexcept {
  return std::chrono::nanoseconds(a.nanoseconds - b.nanoseconds);
}

} // namespace weft::detail
