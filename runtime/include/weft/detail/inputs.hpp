#pragma once

#include <weft/detail/array_view.hpp>
#include <weft/detail/copyable.hpp>
#include <weft/detail/typed_value.hpp>
#include <weft/detail/value.hpp>

#include <cstdint>

namespace weft::detail {

/// Stands in a task's arguments for the result of the task's input number `index`, a T.
template <class T>
struct input {
  using value_type = T;
  std::uint32_t index;
};

/// Stands for the result of a call or argument that has been refused in a sentence. It becomes anything, so
/// that no other error follows.
struct refused {
  template <class T>
  operator T() const;
  template <class Stream>
  friend Stream& operator<<(Stream& to, const refused&) {
    return to;
  }
};

/// Whether there is such a one in the type of an argument.
template <class Argument>
inline constexpr bool is_refused = false;
template <>
inline constexpr bool is_refused<refused> = true;
template <template <class...> class Template, class... Parts>
inline constexpr bool is_refused<Template<Parts...>> = (is_refused<Parts> || ...);
template <template <class, std::size_t> class Array, class Element, std::size_t Size>
inline constexpr bool is_refused<Array<Element, Size>> = is_refused<Element>;

/// Throws weft::decode_error: a body from elsewhere asks for an input that its task has not got.
[[noreturn]] WEFT_API void throw_no_such_input(std::uint32_t index, std::size_t count);

template <class T>
const T& input_as(input<T> which, array_view<const value_ptr> inputs) {
  if (which.index >= inputs.size()) throw_no_such_input(which.index, inputs.size());
  return value_as<T>(*inputs[which.index]);
}

/// A container of inputs is made anew for each run, with copies of the values: a value is shared by all who
/// need it.
template <class T>
constexpr bool check_copyable() {
  static_assert(
      is_copyable<T>,
      "weft: a future within a container must be of a type that can be copied; pass it as an argument of its "
      "own, which the function sees as const T&");
  return true;
}

/// What an argument becomes when the task runs: input<T> becomes T, and so within vector (any sequence),
/// array, pair, tuple, optional and the values of maps. `with_inputs` says whether there is any.
template <class Argument>
struct resolution {
  static constexpr bool with_inputs = false;
  using type = Argument;
  static const Argument& resolve(const Argument& argument, array_view<const value_ptr>) { return argument; }
};

template <class Argument>
inline constexpr bool with_inputs = resolution<Argument>::with_inputs;
template <class Argument>
using resolved_t = typename resolution<Argument>::type;

template <class T>
struct resolution<input<T>> {
  static constexpr bool with_inputs = true;
  using type = T;
  static const T& resolve(input<T> which, array_view<const value_ptr> inputs) {
    return detail::input_as(which, inputs);
  }
};

template <template <class, std::size_t> class Array, class Element, std::size_t Size>
requires(
    is_array<Array<Element, Size>>&& detail::with_inputs<Element>) struct resolution<Array<Element, Size>> {
  static constexpr bool with_inputs = true;
  using type = Array<resolved_t<Element>, Size>;
  static type resolve(const Array<Element, Size>& argument, array_view<const value_ptr> inputs) {
    static_assert(check_copyable<resolved_t<Element>>());
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      return type{{resolution<Element>::resolve(argument[Index], inputs)...}};
    }
    (std::make_index_sequence<Size>{});
  }
};

template <template <class...> class Container, class Element, class... Policies>
requires(sequence_container<Container<Element, Policies...>>&&
             detail::with_inputs<Element>) struct resolution<Container<Element, Policies...>> {
  static constexpr bool with_inputs = true;
  using type = Container<resolved_t<Element>>;
  static type resolve(const Container<Element, Policies...>& argument, array_view<const value_ptr> inputs) {
    static_assert(check_copyable<resolved_t<Element>>());
    type result;
    if constexpr (requires { result.reserve(argument.size()); }) result.reserve(argument.size());
    appender<type> elements{result};
    for (const auto& element : argument)
      elements.append(resolution<Element>::resolve(element, inputs));
    return result;
  }
};

/// A map's comparator, or hasher and equality, are kept; its allocator, the last of the policies, is not.
template <class Map, template <class...> class Template, class Key, class Mapped, class... Policies>
struct map_of;
template <class Map, template <class...> class Template, class Key, class Mapped, class Compare,
          class Allocator>
struct map_of<Map, Template, Key, Mapped, Compare, Allocator> {
  using type = Template<Key, Mapped, Compare>;
};
template <class Map, template <class...> class Template, class Key, class Mapped, class Hasher,
          class Equality, class Allocator>
struct map_of<Map, Template, Key, Mapped, Hasher, Equality, Allocator> {
  using type = Template<Key, Mapped, Hasher, Equality>;
};

template <template <class...> class Map, class Key, class Mapped, class... Policies>
requires(map_container<Map<Key, Mapped, Policies...>>&&
             detail::with_inputs<Mapped>) struct resolution<Map<Key, Mapped, Policies...>> {
  static constexpr bool with_inputs = true;
  using type = typename map_of<void, Map, Key, resolved_t<Mapped>, Policies...>::type;
  static type resolve(const Map<Key, Mapped, Policies...>& argument, array_view<const value_ptr> inputs) {
    static_assert(check_copyable<resolved_t<Mapped>>());
    type result;
    for (const auto& [key, mapped] : argument)
      result.emplace_hint(result.end(), key, resolution<Mapped>::resolve(mapped, inputs));
    return result;
  }
};

template <template <class...> class Optional, class Value>
requires(optional_like<Optional<Value>>&& detail::with_inputs<Value>) struct resolution<Optional<Value>> {
  static constexpr bool with_inputs = true;
  using type = Optional<resolved_t<Value>>;
  static type resolve(const Optional<Value>& argument, array_view<const value_ptr> inputs) {
    static_assert(check_copyable<resolved_t<Value>>());
    type result;
    if (argument) result.emplace(resolution<Value>::resolve(*argument, inputs));
    return result;
  }
};

template <template <class...> class Tuple, class... Parts>
requires(tuple_like<Tuple<Parts...>> &&
         (detail::with_inputs<Parts> || ...)) struct resolution<Tuple<Parts...>> {
  static constexpr bool with_inputs = true;
  using type = Tuple<resolved_t<Parts>...>;
  static type resolve(const Tuple<Parts...>& argument, array_view<const value_ptr> inputs) {
    static_assert((check_copyable<resolved_t<Parts>>() && ...));
    return detail::visit_parts(
        argument, [&](const Parts&... part) { return type{resolution<Parts>::resolve(part, inputs)...}; });
  }
};

} // namespace weft::detail
