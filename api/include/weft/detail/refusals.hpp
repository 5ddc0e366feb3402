#pragma once

#include <weft/detail/arguments.hpp>
#include <weft/detail/copyable.hpp>
#include <weft/future.hpp>
#include <weft/task_options.hpp>

#include <type_traits>
#include <vector>

/// Calls of a client that mean nothing. Each says in one sentence what to write instead, and gives what keeps
/// other errors away. What is asked in an assertion the compiler explains at length: so a constant is asked.
namespace weft::detail {

template <class Function>
future<refused> refuse_options_last() {
  constexpr bool options_first = std::is_void_v<Function>;
  static_assert(options_first,
                "weft: options come first: submit({.retries = 3}, function, arguments…); of an argument in "
                "braces say the type, as in std::vector{1, 2}");
  return {};
}

template <class Function>
std::vector<future<refused>> refuse_map() {
  constexpr bool has_range = std::is_void_v<Function>;
  static_assert(has_range,
                "weft: map takes a function and a range (anything with begin and end) for each of its "
                "arguments; for one call use submit");
  return {};
}

/// Elements that `map` cannot copy.
template <class... Ranges>
constexpr bool check_elements() {
  constexpr bool can_be_copied = (is_copyable<element_t<Ranges>> && ...);
  static_assert(can_be_copied, "weft: map copies the elements, and this type cannot be copied: submit each "
                               "one with std::move");
  return can_be_copied;
}

/// `map_reduce` without a function that combines.
template <class... Given>
future<refused> refuse_reduction() {
  constexpr bool reduces = sizeof...(Given) > 2;
  static_assert(reduces, "weft: map_reduce takes a range, a function for each element, and one that combines "
                         "two results: map_reduce(range, square, add)");
  return {};
}

/// A client of a port, or of an address and a port.
template <class... Given>
void refuse_number() {
  constexpr bool is_address = sizeof...(Given) == 0;
  static_assert(is_address, "weft: a client takes \"host:port\": client{\"127.0.0.1:8786\"}");
}

template <class... Arguments>
inline constexpr bool can_be_gathered = false;
template <range_of_typed_futures Futures>
inline constexpr bool can_be_gathered<Futures> = true;

/// `gather` of what is no range of futures, or of futures without a type.
template <class... Arguments>
refused refuse_gather() {
  constexpr bool typed = !(range_of_untyped_futures<Arguments> || ...);
  static_assert(typed, "weft: gather takes futures of one type, and an any_future does not say which: gather "
                       "future<T>s, or ask each for its result()");
  constexpr bool has_futures = !typed || can_be_gathered<Arguments...>;
  static_assert(has_futures,
                "weft: gather takes a range of futures: gather({f, g}); the result of one future "
                "is its result()");
  return {};
}

/// Whether a datum can be scattered.
template <class Given>
constexpr bool check_datum() {
  using value = std::decay_t<Given>;
  constexpr bool can_be_moved = std::is_move_constructible_v<value>;
  static_assert(can_be_moved,
                "weft: the datum can be neither copied nor moved: scatter a std::unique_ptr to it");
  if constexpr (can_be_moved) {
    constexpr bool can_be_kept = is_keepable<Given>;
    static_assert(can_be_kept, "weft: the datum cannot be copied: hand it over with std::move");
    constexpr bool borrows = shape_of<value>.borrows;
    static_assert(!borrows,
                  "weft: a pointer means nothing in another process, and no more does a view "
                  "(string_view, span, std::ref); scatter the value (of a string literal: a std::string)");
    constexpr bool holds_future = shape_of<value>.holds_future;
    static_assert(!holds_future,
                  "weft: the datum holds a future, which means nothing in another process: pass "
                  "the future as an argument of the tasks that need its result");
    return can_be_kept && !borrows && !holds_future;
  } else {
    return false;
  }
}

} // namespace weft::detail
