#pragma once

#include <weft/task_options.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace weft {

/// How `client::map_reduce` cuts its range; give only what you need, in this order.
struct map_reduce_options {
  /// Of each of its tasks. A key is the total's; the other tasks have it with "-0", "-1" and so on.
  task_options task = {};
  /// Into how many pieces; 0: four for each thread of the workers that are there, so that a slow one does
  /// not hold up the rest. Elements that travel are cut finer where a piece of them would exceed 4 MiB.
  std::size_t pieces = 0;
  /// No piece is smaller: for functions so fast that a task costs more than this many of them.
  std::size_t piece_size_min = 1;
};

/// The whole numbers from `first` up to, but not including, `last`; none if `last` is not greater. Like
/// std::views::iota, for those who do not want to pay for <ranges>:
///
///     client.map_reduce(weft::index_range{0, 1'000'000}, square, add);
template <class T>
struct index_range {
  static_assert(std::is_integral_v<T> && !std::is_same_v<T, bool>,
                "weft: an index_range is of whole numbers");
  using value_type = T;

  struct iterator {
    T at;
    constexpr T operator*() const noexcept { return at; }
    constexpr iterator& operator++() noexcept {
      ++at;
      return *this;
    }
    friend constexpr bool operator==(iterator, iterator) noexcept = default;
  };

  T first{};
  T last{};

  constexpr iterator begin() const noexcept { return {first}; }
  constexpr iterator end() const noexcept { return {first < last ? last : first}; }
  constexpr std::uint64_t size() const noexcept {
    return first < last ? static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) : 0;
  }
};

} // namespace weft
