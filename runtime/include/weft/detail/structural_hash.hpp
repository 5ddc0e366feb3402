#pragma once

#include <weft/detail/codec_kind.hpp>

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <typeinfo>

namespace weft {
class any_future;
}

namespace weft::detail {

/// Why a type does not travel.
enum class obstacle_kind : std::uint8_t {
  none,
  borrowed,     ///< a pointer to data, a view
  base_class,   ///< a struct with one
  many_fields,  ///< a struct with more than are counted, or with a reference that has to be initialised
  hidden_field, ///< a struct with a bit-field or a union, or a packed one
  fixed_field,  ///< a struct with a field that cannot be set, neither by assignment nor by an initialiser
  not_default,  ///< a class with a weft_fields, of which no object can be made to decode into
  closed_class, ///< any other class
  unknown_type, ///< what is no class
};

/// What the codec knows of a type before it sees a value.
struct type_shape {
  /// Of kinds, sizes and order of all parts. Equal hashes mean that bytes of one type can be read as the
  /// other; names do not count, but for types with a codec of the user's, of which nothing else is known, and
  /// for function pointers.
  std::uint64_t hash = 0;
  /// No value takes fewer bytes.
  std::uint64_t size_min = 0;
  /// Values can hold values of the same type, so how deep they nest is not known from the type.
  bool recursive = false;
  bool travels = true;
  /// If it does not travel, the innermost type that keeps it from it.
  const std::type_info* obstacle = nullptr;
  obstacle_kind why = obstacle_kind::none;
  /// It is a pointer to data or a view, or a container of such: what it refers to belongs to somebody else.
  bool borrows = false;
  /// There is a future in it.
  bool holds_future = false;

  constexpr type_shape& mix(std::uint64_t number) {
    hash = (hash ^ number) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
    return *this;
  }
  /// A part that every value has `count` of.
  constexpr type_shape& with(const type_shape& part, std::uint64_t count = 1) {
    size_min += count * part.size_min;
    return maybe_with(part);
  }
  /// A part that a value may have.
  constexpr type_shape& maybe_with(const type_shape& part) {
    recursive = recursive || part.recursive;
    borrows = borrows || part.borrows;
    holds_future = holds_future || part.holds_future;
    if (travels && !part.travels) stop(part.obstacle, part.why);
    return mix(part.hash);
  }
  constexpr void stop(const std::type_info* type, obstacle_kind kind) {
    travels = false;
    obstacle = type;
    why = kind;
  }
};

template <class T>
constexpr std::uint64_t name_hash() {
  type_shape shape;
  for (const char c : std::string_view(__PRETTY_FUNCTION__))
    shape.mix(static_cast<unsigned char>(c));
  return shape.hash;
}

template <class T>
inline constexpr bool is_reference_wrapper = is_named<T>("T = std::reference_wrapper<");
template <class T>
inline constexpr bool
    is_standard_future = is_named<T>("T = std::future<") || is_named<T>("T = std::shared_future<");

/// What refers to somebody else's.
template <class T>
inline constexpr bool is_view = is_named<T>("T = std::span<") || is_reference_wrapper<T>;
template <class Character, class Traits>
inline constexpr bool is_view<std::basic_string_view<Character, Traits>> = true;
template <class T>
inline constexpr bool is_view<std::initializer_list<T>> = true;

template <class T, class... Enclosing>
constexpr type_shape make_shape();

/// The shape of T. A type whose parts are nothing but itself further in (a tree) meets itself again in
/// Enclosing, where its distance stands for it.
template <class T>
WEFT_HIDDEN inline constexpr type_shape shape_of = make_shape<std::remove_cv_t<T>>();

template <class... Enclosing, class... Parts>
constexpr void add_parts(type_shape& shape, type_list<Parts...>) {
  (shape.with(make_shape<std::remove_cv_t<Parts>, Enclosing...>()), ...);
}

/// An initialiser of a reference to T: one of a T itself could be made from it in two ways.
template <class T>
struct reference_initialiser {
  operator const T&() const;
  operator T() const;
};

/// An aggregate is decoded by assigning to its fields one by one; if that cannot be, by one initialiser per
/// field, which a C array does not have, and a reference would outlive.
template <class Field>
inline constexpr bool assignable_field = std::is_move_assignable_v<std::remove_all_extents_t<Field>>;

template <class... Fields>
constexpr bool all_assignable(type_list<Fields...>) {
  return (assignable_field<Fields> && ...);
}
template <class T, class... Fields>
constexpr bool decoded_by_assignment(type_list<Fields...> fields) {
  return std::is_default_constructible_v<T> && all_assignable(fields);
}
template <class T, std::size_t Position, class... Fields, std::size_t... Index>
constexpr bool is_reference_at(std::index_sequence<Index...>) {
  return requires {
    T{std::declval<std::conditional_t<Index == Position, reference_initialiser<Fields>, Fields>>()...};
  };
}
template <class T, class... Fields, std::size_t... Index>
constexpr bool holds_reference([[maybe_unused]] std::index_sequence<Index...> indices) {
  return (is_reference_at<T, Index, Fields...>(indices) || ...);
}

template <class T, class... Fields>
constexpr bool decoded_by_initialisers(type_list<Fields...>) {
  if constexpr ((std::is_array_v<Fields> || ...))
    return false;
  else if constexpr (requires { T{std::declval<std::remove_cv_t<Fields>>()...}; })
    return !holds_reference<T, std::remove_cv_t<Fields>...>(std::index_sequence_for<Fields...>{});
  else
    return false;
}

/// What a weft_fields returns, as the types of the fields.
template <class Result>
struct fields_of_result {
  static_assert(!std::is_same_v<Result, Result>, "weft: weft_fields must return std::tie(self.a, self.b)");
};
template <template <class...> class Tuple, class... References>
struct fields_of_result<Tuple<References...>> {
  static_assert((std::is_lvalue_reference_v<References> && ...),
                "weft: weft_fields must return references to the fields: return std::tie(self.a, self.b);");
  using types = type_list<std::remove_reference_t<References>...>;
};

/// Of a type that is of no kind that the codec knows.
template <class T>
constexpr obstacle_kind find_obstacle() {
  using enum obstacle_kind;
  if constexpr (std::is_pointer_v<T> || is_view<T>)
    return borrowed;
  else if constexpr (!std::is_class_v<T>)
    return unknown_type;
  else if constexpr (!std::is_aggregate_v<T>)
    return closed_class;
  else if constexpr (requires { T{base_initialiser<T>{}}; })
    return base_class;
  else
    return reflected_aggregate<T> ? hidden_field : many_fields;
}

template <class T, class... Enclosing>
constexpr type_shape make_shape() {
  using enum codec_kind;
  constexpr auto kind = kind_of<T>;
  type_shape shape;
  shape.mix(static_cast<std::uint64_t>(kind) + 1);
  if constexpr (kind == none) {
    shape.stop(&typeid(T), find_obstacle<T>());
    shape.borrows = shape.why == obstacle_kind::borrowed;
    if constexpr (std::is_class_v<T>)
      shape.holds_future = std::is_base_of_v<any_future, T> || is_standard_future<T>;
  } else if constexpr (kind == boolean || kind == extended) {
    shape.size_min = sizeof(T);
  } else if constexpr (kind == number) {
    shape.size_min = sizeof(T);
    shape.mix(sizeof(T)).mix(std::is_floating_point_v<T> ? 1
                             : std::is_signed_v<T>       ? 2
                             : std::is_enum_v<T>         ? 3
                                                         : 4);
  } else if constexpr (kind == duration) {
    shape.with(shape_of<typename T::rep>).mix(T::period::num).mix(T::period::den);
  } else if constexpr (kind == time_point) {
    shape.with(shape_of<typename T::duration>);
  } else if constexpr (kind == calendar) {
    shape.size_min = sizeof(T);
    shape.mix(name_hash<T>()); // of types of one size, what counts is which
  } else if constexpr (kind == fixed_bits) {
    shape.size_min = (bitset_size<T> + 7) / 8;
    shape.mix(bitset_size<T>);
  } else if constexpr (kind == adaptor) {
    shape.with(make_shape<typename T::container_type, T, Enclosing...>());
  } else if constexpr (kind == complex) {
    shape.with(shape_of<typename T::value_type>, 2);
  } else if constexpr (kind == bits) {
    shape.size_min = sizeof(std::uint64_t);
  } else if constexpr (kind == function) {
    shape.size_min = 1;
    shape.mix(name_hash<T>()); // what is called as another type goes wrong in silence
  } else if constexpr (kind == custom) {
    shape.mix(name_hash<T>());
  } else if constexpr ((std::is_same_v<T, Enclosing> || ...)) {
    std::uint64_t distance = 0;
    static_cast<void>(((++distance, std::is_same_v<T, Enclosing>) || ...));
    shape.mix(distance);
    shape.recursive = true;
  } else if constexpr (kind == array) {
    using element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;
    constexpr auto count = sizeof(T) / sizeof(element);
    shape.with(make_shape<element, T, Enclosing...>(), count).mix(count);
  } else if constexpr (kind == contiguous || kind == sequence) {
    shape.size_min = sizeof(std::uint64_t);
    shape.maybe_with(make_shape<typename T::value_type, T, Enclosing...>());
  } else if constexpr (kind == set) {
    shape.size_min = sizeof(std::uint64_t);
    shape.maybe_with(make_shape<typename T::key_type, T, Enclosing...>());
  } else if constexpr (kind == map) {
    shape.size_min = sizeof(std::uint64_t);
    shape.maybe_with(make_shape<typename T::key_type, T, Enclosing...>())
        .maybe_with(make_shape<std::remove_cv_t<typename T::mapped_type>, T, Enclosing...>());
  } else if constexpr (kind == tuple) {
    add_parts<T, Enclosing...>(shape, typename template_arguments<T>::types{});
  } else if constexpr (kind == optional) {
    shape.size_min = 1;
    shape.maybe_with(make_shape<std::remove_cv_t<typename T::value_type>, T, Enclosing...>());
  } else if constexpr (kind == owner) {
    shape.size_min = 1;
    shape.maybe_with(make_shape<std::remove_cv_t<typename T::element_type>, T, Enclosing...>());
  } else if constexpr (kind == variant) {
    add_parts<T, Enclosing...>(shape, typename template_arguments<T>::types{});
    shape.size_min = 1;
  } else if constexpr (kind == fields) {
    using parts = typename fields_of_result<decltype(weft_fields(std::declval<T&>()))>::types;
    add_parts<T, Enclosing...>(shape, parts{});
    if constexpr (!std::is_default_constructible_v<T>)
      shape.stop(&typeid(T), obstacle_kind::not_default);
    else if constexpr (!all_assignable(parts{}))
      shape.stop(&typeid(T), obstacle_kind::fixed_field);
    shape.borrows = false; // a class of the program's: it may know whose the pointed to is
  } else if constexpr (kind == aggregate) {
    using parts = field_types<T>;
    add_parts<T, Enclosing...>(shape, parts{});
    if constexpr (!decoded_by_assignment<T>(parts{}) && !decoded_by_initialisers<T>(parts{}))
      shape.stop(&typeid(T), obstacle_kind::fixed_field);
    shape.borrows = false;
  }
  return shape;
}

template <class T, class... Fields>
constexpr bool all_block_elements(type_list<Fields...>);

/// Whether a run of Ts can be copied as one block, and come back from any bytes as valid values: no pointers
/// in it, nothing with a codec of its own, no bool (which may only be 0 or 1).
template <class T>
constexpr bool is_block_element() {
  using enum codec_kind;
  constexpr auto kind = kind_of<T>;
  if constexpr (!std::is_trivially_copyable_v<T>)
    return false;
  else if constexpr (kind == number || kind == complex || kind == duration || kind == time_point)
    return true;
  else if constexpr (kind == calendar)
    return std::is_default_constructible_v<T>;
  else if constexpr (kind == array)
    return sizeof(T) != 0 && is_block_element<std::remove_cvref_t<decltype(std::declval<T&>()[0])>>();
  else if constexpr (kind == aggregate)
    return all_block_elements<T>(field_types<T>{});
  else
    return false;
}

template <class T, class... Fields>
constexpr bool all_block_elements(type_list<Fields...>) {
  return sizeof...(Fields) != 0 && decoded_by_assignment<T>(type_list<Fields...>{}) &&
         (is_block_element<Fields>() && ...);
}

template <class T>
inline constexpr bool block_element = is_block_element<T>();

} // namespace weft::detail

namespace weft {

/// Whether values of T can go from process to process: T and all its parts have a codec. In one process any
/// value that can be moved is a task's result or argument.
template <class T>
inline constexpr bool travels = detail::shape_of<T>.travels;

} // namespace weft
