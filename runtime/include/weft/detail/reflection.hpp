#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

/// What C++20 lets one find out about an aggregate: how many fields it has, and references to them; and the
/// same references for tuples.
namespace weft::detail {

template <class... Types>
struct type_list {
  static constexpr std::size_t size = sizeof...(Types);
};

/// More fields than this, and the type needs a `weft_fields` or a codec.
inline constexpr std::size_t reflected_fields_max = 32;
/// The same, where each element of a C array counts as one.
inline constexpr std::size_t reflected_elements_max = 256 + reflected_fields_max;

/// Stands for any initialiser in unevaluated code. `const`, so that a converting constructor that takes
/// anything (std::optional's) is the better match and nothing is ambiguous. Never called; clang wants a body
/// where T has no linkage.
struct any_initialiser {
  template <class T>
  operator T() const {
    __builtin_unreachable();
  }
};

/// Stands for an initialiser of a base class of Derived only.
template <class Derived>
struct base_initialiser {
  template <class T>
  requires(std::is_base_of_v<T, Derived> && !std::is_same_v<T, Derived>) operator T() const;
};

template <std::size_t>
using any_initialiser_at = any_initialiser;

template <class T, std::size_t... Index>
constexpr bool takes_initialisers(std::index_sequence<Index...>) {
  return requires {
    T{any_initialiser_at<Index>{}...};
  };
}

/// Whether T{Before initialisers, {Inside initialisers}, After initialisers} is well-formed.
template <class T, std::size_t... Before, std::size_t... Inside, std::size_t... After>
constexpr bool takes_nested(std::index_sequence<Before...>, std::index_sequence<Inside...>,
                            std::index_sequence<After...>) {
  return requires {
    T{any_initialiser_at<Before>{}..., {any_initialiser_at<Inside>{}...}, any_initialiser_at<After>{}...};
  };
}

template <class T, std::size_t Before, std::size_t Inside, std::size_t After>
constexpr bool takes_nested_counts = takes_nested<T>(std::make_index_sequence<Before>{},
                                                     std::make_index_sequence<Inside>{},
                                                     std::make_index_sequence<After>{});

/// The most initialisers that T{…} takes, of Taken (which it takes) and more, but fewer than Refused.
template <class T, std::size_t Taken, std::size_t Refused>
constexpr std::size_t most_initialisers() {
  constexpr auto between = Taken + (Refused - Taken) / 2;
  if constexpr (between == Taken)
    return Taken;
  else if constexpr (takes_initialisers<T>(std::make_index_sequence<between>{}))
    return most_initialisers<T, between, Refused>();
  else
    return most_initialisers<T, Taken, between>();
}

/// The most initialisers that T{…} takes, a C array counting once per element; one more than can be reflected
/// if there are more. Types whose fields need an initialiser take none and one only later, so it looks past
/// the first refusals; from there on each number is taken up to the most.
template <class T, std::size_t Count = 0>
constexpr std::size_t count_initialisers() {
  if constexpr (takes_initialisers<T>(std::make_index_sequence<Count>{}))
    return most_initialisers<T, Count, reflected_elements_max + 2>();
  else if constexpr (Count <= reflected_fields_max)
    return count_initialisers<T, Count + 1>();
  else
    return 0;
}

/// How many of the initialisers from Position on a C array there takes; 1 if there is none.
template <class T, std::size_t Total, std::size_t Position, std::size_t Length>
constexpr std::size_t array_length_at() {
  if constexpr (Length < 2)
    return 1;
  else if constexpr (takes_nested_counts<T, Position, Length, Total - Position - Length>)
    // A class with a constructor of as many parameters takes the braces as well, but stands for one
    // initialiser.
    return takes_nested_counts<T, Position, Length, Total - Position - 1> ? 1 : Length;
  else
    return array_length_at<T, Total, Position, Length - 1>();
}

/// Where the field behind the one at Position begins.
template <class T, std::size_t Total, std::size_t Position>
constexpr std::size_t next_field() {
  if constexpr (takes_nested_counts<T, Position, 0, Total - Position - 1>)
    return Position + 1;
  else
    return Position + array_length_at<T, Total, Position, Total - Position>();
}

template <class T, std::size_t Total, std::size_t Position = 0, std::size_t Fields = 0>
constexpr std::size_t count_fields_from() {
  if constexpr (Position >= Total)
    return Fields;
  else
    return count_fields_from<T, Total, next_field<T, Total, Position>(), Fields + 1>();
}

/// Whether the field behind Before initialisers is itself made from an Initialiser, not what is within it (of
/// an aggregate the braces could be left out) and not by a constructor that takes anything.
template <class T, class Initialiser, std::size_t... Before, std::size_t... After>
constexpr bool makes_field_at(std::index_sequence<Before...>, std::index_sequence<After...>) {
  if constexpr (requires {
                  T{any_initialiser_at<Before>{}..., Initialiser{}, any_initialiser_at<After>{}...};
                })
    return !requires {
      T{any_initialiser_at<Before>{}..., {Initialiser{}}, any_initialiser_at<After>{}...};
    };
  else
    return false;
}

/// Whether any field of the aggregate T is. Initialiser converts to the types that are looked for.
template <class T, class Initialiser, std::size_t Position = 0>
constexpr bool makes_field() {
  constexpr auto total = count_initialisers<T>();
  if constexpr (Position >= total)
    return false;
  else if constexpr (makes_field_at<T, Initialiser>(std::make_index_sequence<Position>{},
                                                    std::make_index_sequence<total - Position - 1>{}))
    return true;
  else
    return makes_field<T, Initialiser, next_field<T, total, Position>()>();
}

inline constexpr std::size_t not_reflected = ~std::size_t{0};

/// How many fields the aggregate T has; not_reflected for what structured bindings cannot take apart: other
/// types, unions, aggregates with base classes or with too many fields. (Nor can they one with an anonymous
/// union, which is not seen here.)
template <class T>
constexpr std::size_t count_fields() {
  if constexpr (!std::is_class_v<T> || !std::is_aggregate_v<T>) {
    return not_reflected;
  } else if constexpr (std::is_empty_v<T>) {
    return 0;
  } else if constexpr (requires { T{base_initialiser<T>{}}; }) {
    return not_reflected;
  } else {
    constexpr auto initialisers = count_initialisers<T>();
    if constexpr (initialisers == 0 || initialisers > reflected_elements_max) {
      return not_reflected;
    } else {
      constexpr auto fields = count_fields_from<T, initialisers>();
      return fields > reflected_fields_max ? not_reflected : fields;
    }
  }
}

template <class T>
inline constexpr std::size_t field_count = count_fields<std::remove_cv_t<T>>();

template <class T>
concept reflected_aggregate = field_count<T>
!= not_reflected;

/// What visit_fields gives where the visitor takes references and a field is a bit-field, to which there are
/// none.
struct unreferable {};

/// Calls visitor(field…) with references to all fields of an aggregate, in order.
template <class T, class Visitor>
constexpr decltype(auto) visit_fields(T& value, Visitor&& visitor) {
  constexpr auto count = field_count<T>;
#if defined __clang__ && __clang_major__ < 16 // knows no bindings in a requires: a bit-field stays an error
#define WEFT_VISIT(...)                                                                                      \
  auto& [__VA_ARGS__] = value;                                                                               \
  return visitor(__VA_ARGS__)
#else
#define WEFT_VISIT(...)                                                                                      \
  auto& [__VA_ARGS__] = value;                                                                               \
  if constexpr (requires { visitor(__VA_ARGS__); })                                                          \
    return visitor(__VA_ARGS__);                                                                             \
  else                                                                                                       \
    return unreferable {}
#endif
  // One after the other, not as `else`: the names are then found sooner, which all who include this notice.
  if constexpr (count == 0) return visitor();
  if constexpr (count == 1) {
    WEFT_VISIT(f1);
  }
  if constexpr (count == 2) {
    WEFT_VISIT(f1, f2);
  }
  if constexpr (count == 3) {
    WEFT_VISIT(f1, f2, f3);
  }
  if constexpr (count == 4) {
    WEFT_VISIT(f1, f2, f3, f4);
  }
  if constexpr (count == 5) {
    WEFT_VISIT(f1, f2, f3, f4, f5);
  }
  if constexpr (count == 6) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6);
  }
  if constexpr (count == 7) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7);
  }
  if constexpr (count == 8) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8);
  }
  if constexpr (count == 9) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9);
  }
  if constexpr (count == 10) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10);
  }
  if constexpr (count == 11) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11);
  }
  if constexpr (count == 12) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12);
  }
  if constexpr (count == 13) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13);
  }
  if constexpr (count == 14) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14);
  }
  if constexpr (count == 15) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15);
  }
  if constexpr (count == 16) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16);
  }
  if constexpr (count == 17) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17);
  }
  if constexpr (count == 18) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18);
  }
  if constexpr (count == 19) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19);
  }
  if constexpr (count == 20) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20);
  }
  if constexpr (count == 21) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20,
               f21);
  }
  if constexpr (count == 22) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22);
  }
  if constexpr (count == 23) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23);
  }
  if constexpr (count == 24) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24);
  }
  if constexpr (count == 25) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24, f25);
  }
  if constexpr (count == 26) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24, f25, f26);
  }
  if constexpr (count == 27) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24, f25, f26, f27);
  }
  if constexpr (count == 28) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24, f25, f26, f27, f28);
  }
  if constexpr (count == 29) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24, f25, f26, f27, f28, f29);
  }
  if constexpr (count == 30) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24, f25, f26, f27, f28, f29, f30);
  }
  if constexpr (count == 31) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24, f25, f26, f27, f28, f29, f30, f31);
  }
  if constexpr (count == 32) {
    WEFT_VISIT(f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21,
               f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32);
  }
  static_assert(count <= reflected_fields_max, "weft: this type is not an aggregate of at most 32 fields");
#undef WEFT_VISIT
}

/// Calls visitor(part…) with references to all parts of a pair or tuple, in order: std::apply, without
/// <tuple>.
template <class Tuple, class Visitor>
constexpr decltype(auto) visit_parts(Tuple& tuple, Visitor&& visitor) {
  return [&]<std::size_t... Index>(std::index_sequence<Index...>)->decltype(auto) {
    return visitor(get<Index>(tuple)...);
  }
  (std::make_index_sequence<std::tuple_size<std::remove_cv_t<Tuple>>::value>{});
}

struct field_lister {
  template <class... Fields>
  type_list<Fields...> operator()(Fields&...) const {
    return {};
  }
};

/// The types of an aggregate's fields, as type_list; `unreferable` if one is a bit-field.
template <class T>
using field_types = decltype(detail::visit_fields(std::declval<T&>(), field_lister{}));

} // namespace weft::detail
