#pragma once

#include <weft/detail/client_core.hpp>
#include <weft/detail/inputs.hpp>
#include <weft/detail/typed_body.hpp>
#include <weft/future.hpp>

#include <type_traits>
#include <utility>

namespace weft::detail {

/// How an argument of submit becomes one of the task: a future becomes `input<T>`, the number of the task's
/// input, and so within vector (any sequence), array, pair, tuple, optional and the values of maps. All else
/// stays as it is.
template <class Argument>
struct substitution {
  static constexpr bool changes = false;
  using type = Argument;
  template <class Given>
  static Given&& apply(input_list&, Given&& argument) {
    return static_cast<Given&&>(argument);
  }
};

template <class Argument>
using substituted_t = typename substitution<Argument>::type;
template <class Argument>
inline constexpr bool has_futures = substitution<Argument>::changes;

template <class Argument>
auto substitute(input_list& inputs, Argument&& argument)
    -> decltype(substitution<std::decay_t<Argument>>::apply(inputs, static_cast<Argument&&>(argument))) {
  return substitution<std::decay_t<Argument>>::apply(inputs, static_cast<Argument&&>(argument));
}

template <class T>
struct substitution<future<T>> {
  static_assert(!std::is_void_v<T>,
                "weft: a future<void> has no result that could be an argument; let the task return "
                "something, or wait for it first");
  static constexpr bool changes = true;
  using type = input<std::conditional_t<std::is_void_v<T>, refused, T>>;
  static type apply(input_list& inputs, const future<T>& future) { return {inputs.add(future.handle())}; }
};

template <template <class, std::size_t> class Array, class Element, std::size_t Size>
requires(is_array<Array<Element, Size>>&& has_futures<Element>) struct substitution<Array<Element, Size>> {
  static constexpr bool changes = true;
  using type = Array<substituted_t<Element>, Size>;
  static type apply(input_list& inputs, const Array<Element, Size>& argument) {
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      return type{{detail::substitute(inputs, argument[Index])...}};
    }
    (std::make_index_sequence<Size>{});
  }
};

template <template <class...> class Container, class Element, class... Policies>
requires(sequence_container<Container<Element, Policies...>>&&
             has_futures<Element>) struct substitution<Container<Element, Policies...>> {
  static constexpr bool changes = true;
  using type = Container<substituted_t<Element>>;
  static type apply(input_list& inputs, const Container<Element, Policies...>& argument) {
    type result;
    if constexpr (requires { result.reserve(argument.size()); }) result.reserve(argument.size());
    appender<type> elements{result};
    for (const auto& element : argument)
      elements.append(detail::substitute(inputs, element));
    return result;
  }
};

template <template <class...> class Map, class Key, class Mapped, class... Policies>
requires(map_container<Map<Key, Mapped, Policies...>>&&
             has_futures<Mapped>) struct substitution<Map<Key, Mapped, Policies...>> {
  static constexpr bool changes = true;
  using type = typename map_of<void, Map, Key, substituted_t<Mapped>, Policies...>::type;
  static type apply(input_list& inputs, const Map<Key, Mapped, Policies...>& argument) {
    type result;
    for (const auto& [key, mapped] : argument)
      result.emplace_hint(result.end(), key, detail::substitute(inputs, mapped));
    return result;
  }
};

template <template <class...> class Optional, class Value>
requires(optional_like<Optional<Value>>&& has_futures<Value>) struct substitution<Optional<Value>> {
  static constexpr bool changes = true;
  using type = Optional<substituted_t<Value>>;
  static type apply(input_list& inputs, const Optional<Value>& argument) {
    type result;
    if (argument) result.emplace(detail::substitute(inputs, *argument));
    return result;
  }
};

template <template <class...> class Tuple, class... Parts>
requires(tuple_like<Tuple<Parts...>> && (has_futures<Parts> || ...)) struct substitution<Tuple<Parts...>> {
  static constexpr bool changes = true;
  using type = Tuple<substituted_t<Parts>...>;
  static type apply(input_list& inputs, const Tuple<Parts...>& argument) {
    return detail::visit_parts(
        argument, [&](const Parts&... part) { return type{detail::substitute(inputs, part)...}; });
  }
};

// -- results
// ----------------------------------------------------------------------------------------------------

template <class Result>
struct future_for {
  using type = future<Result>;
};
template <>
struct future_for<unit> {
  using type = future<void>;
};

/// The future that submitting such a call gives.
template <class Function, class... Arguments>
using submitted_t =
    typename future_for<task_result_t<Function, substituted_t<std::decay_t<Arguments>>...>>::type;

// -- ranges
// -----------------------------------------------------------------------------------------------------

// Of <ranges> only what is needed here: the header costs more than all of Weft's.
template <class Range>
concept iterable = requires(Range& range, decltype(std::begin(range)) at) {
  at != std::end(range);
  ++at;
  *at;
};

/// What a string literal is, whose last element is the '\0'.
template <class Range>
inline constexpr bool is_character_array = false;
template <std::size_t Size>
inline constexpr bool is_character_array<const char[Size]> = true;

template <class Range>
struct element_of {
  using type = std::decay_t<decltype(*std::begin(std::declval<Range&>()))>;
};
template <class Range>
requires requires {
  typename Range::value_type;
}
struct element_of<Range> {
  using type = typename Range::value_type; // vector<bool> yields something else than it holds
};
template <class Range>
using element_t = typename element_of<std::remove_cvref_t<Range>>::type;

/// A place in a range that knows where it ends.
template <class Range>
struct range_cursor {
  explicit range_cursor(Range& range) : at(std::begin(range)), end(std::end(range)) {}
  bool over() const { return !(at != end); }
  void advance() { ++at; }
  decltype(auto) element() { return *at; }
  decltype(std::begin(std::declval<Range&>())) at;
  decltype(std::end(std::declval<Range&>())) end;
};

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<future<T>> = true;

template <class Range>
concept range_of_futures = iterable<Range> && std::is_base_of_v<any_future, element_t<Range>>;

/// What as_completed is of when it is given something else than futures, futures that do not say what their
/// results are, or nothing at all; it then says so.
struct no_future {};
struct untyped_future {};
struct unsaid {};
template <class T>
inline constexpr bool is_no_future = std::is_same_v<T, no_future> || std::is_same_v<T, untyped_future>;

/// Futures that all have the same type of result, which they say.
template <class Range>
concept range_of_typed_futures = range_of_futures<Range> && requires {
  typename element_t<Range>::value_type;
};
template <class Range>
concept range_of_untyped_futures = range_of_futures<Range> && !range_of_typed_futures<Range>;

template <class Range>
auto copies_of(Range& futures) {
  std::vector<element_t<Range>> copies;
  for (auto&& future : futures)
    copies.push_back(future);
  return copies;
}

/// The range, or copies of its futures where it gives each only for a moment, or (as a filtered view) only
/// when it is not const.
template <class Range>
decltype(auto) kept(const Range& futures) {
  if constexpr (!iterable<const Range>) {
    constexpr bool can_be_copied = std::is_copy_constructible_v<Range>;
    static_assert(can_be_copied,
                  "weft: this range of futures can be iterated only if it is not const, and it cannot be "
                  "copied: make a std::vector of its futures");
    if constexpr (can_be_copied) {
      Range own = futures;
      return detail::copies_of(own);
    } else {
      return std::vector<element_t<Range>>{};
    }
  } else if constexpr (!std::is_lvalue_reference_v<decltype(*std::begin(futures))>) {
    return detail::copies_of(futures);
  } else {
    return (futures);
  }
}

/// Pointers into the range: see `kept`.
template <class Range>
auto handles_of(const Range& futures) {
  // The type is asked of the range: spelt out, the vector would be instantiated for all who include this.
  std::vector<decltype(&(*std::begin(futures)).handle())> result;
  for (const auto& future : futures)
    result.push_back(&future.handle());
  return result;
}

} // namespace weft::detail
