#pragma once

#include <weft/detail/decoder.hpp>
#include <weft/detail/encoder.hpp>
#include <weft/detail/reflection.hpp>
#include <weft/time.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weft {

/// How values of T become bytes and come back. Weft knows arithmetic types, enums, chrono's durations, time
/// points and calendar, the standard containers and their adaptors, bitset, string, pair, tuple, optional,
/// variant, unique_ptr, and aggregates (structs without constructors and base classes) of up to 32 such
/// fields, none of them a reference, a bit-field or a union, not packed, and with C arrays of up to 256
/// elements in all: for those there is nothing to write. For a class of your own with private members, one
/// function is enough, found by argument-dependent lookup:
///
///     class matrix {
///       … // std::tie is in <tuple>
///       friend auto weft_fields(matrix& self) { return std::tie(self.rows_, self.columns_, self.cells_); }
///     };
///
/// The class must be default constructible; the fields are decoded into a new object. Where that does not
/// fit, specialise this template with both directions:
///
///     template <> struct weft::codec<angle> {
///       static void encode(weft::encoder& to, const angle& value) { weft::encode(to, value.degrees()); }
///       static angle decode(weft::decoder& from) { return angle::from_degrees(weft::decode<double>(from)); }
///     };
///
/// A function pointer travels to processes of the same build, if it points to a function of the program or of
/// its task libraries. Other pointers, references and views never do.
///
/// Values nest at most 64 deep. The arguments of one task take at most 16 MB encoded (16,500,000 bytes); a
/// result or a scattered value may take more.
template <class T>
struct codec;

} // namespace weft

namespace weft::detail {

/// What a type is to the codec. Containers are recognised by their shape and not by name, so that this header
/// needs none of theirs (they cost more to compile than all of Weft), and other libraries' containers are
/// welcome.
enum class codec_kind : std::uint8_t {
  none,       ///< does not travel
  custom,     ///< the user's weft::codec
  fields,     ///< the user's weft_fields
  boolean,    ///< one byte, 0 or 1
  number,     ///< arithmetic or enum, as it lies in memory
  extended,   ///< long double: 10 bytes of value, then padding
  duration,   ///< std::chrono::duration and weft::nanoseconds: the count
  time_point, ///< std::chrono::time_point: its time since the epoch
  calendar,   ///< year, month, day, … of std::chrono: as it lies in memory
  complex,    ///< std::complex: two numbers
  array,      ///< std::array and C arrays: the elements
  bits,       ///< vector<bool>: size, 8 to a byte
  fixed_bits, ///< bitset: 8 to a byte
  contiguous, ///< string, vector: size, elements; one copy where they allow it
  sequence,   ///< list, deque, forward_list: size, elements
  set,        ///< set, multiset, unordered ones: size, keys
  map,        ///< map, multimap, unordered ones: size, keys each followed by its value
  adaptor,    ///< stack, queue, priority_queue: the container within
  tuple,      ///< pair, tuple: the elements
  optional,   ///< one byte, then the value if it is 1
  variant,    ///< the index as one byte, then the alternative
  owner,      ///< unique_ptr: as an optional
  aggregate,  ///< the fields
  function,   ///< a function pointer: one byte, then module and place in it unless it is null
};

template <class T>
struct template_arguments {
  using types = void;
};
template <template <class...> class Template, class... Arguments>
struct template_arguments<Template<Arguments...>> {
  using types = type_list<Arguments...>;
};

template <std::size_t Index, class List>
struct type_at;
template <std::size_t Index, class First, class... Rest>
struct type_at<Index, type_list<First, Rest...>> : type_at<Index - 1, type_list<Rest...>> {};
template <class First, class... Rest>
struct type_at<0, type_list<First, Rest...>> {
  using type = First;
};

/// Whether T begins so, as is known of a class of the standard library by its name: nobody shall pay for
/// <chrono>, <span> or <future> who does not use it.
template <class T>
constexpr bool is_named(std::string_view name) {
  return std::string_view(__PRETTY_FUNCTION__).find(name) != std::string_view::npos;
}

/// Whether T is of one of the standard's class templates. What others do with what looks like a container is
/// not known: it may have more to it than its elements, and so has a class derived from one.
template <class T>
concept instance_of_standard_template =
    !std::is_void_v<typename template_arguments<T>::types> && is_named<T>("T = std::");

template <class T>
concept custom_codec = requires(encoder& to, decoder& from, const T& value) {
  codec<T>::encode(to, value);
  { codec<T>::decode(from) } -> std::convertible_to<T>;
};

/// Who may take the place of a user's function that is for a base class: one for the class itself is
/// preferred.
namespace without_fields {
struct none {};
template <class T>
none weft_fields(T&&);
template <class T>
concept resolved = requires(T& value) {
  { weft_fields(value) } -> std::same_as<none>;
};
} // namespace without_fields

template <class T>
concept fields_codec = requires(T& value) {
  weft_fields(value);
}
&&!without_fields::resolved<T>;

template <class T>
concept sized_range = requires(const T& range) {
  typename T::value_type;
  { range.size() } -> std::convertible_to<std::size_t>;
  range.begin() != range.end();
};

template <class T>
concept contiguous_container = sized_range<T> && requires(T& range, const typename T::value_type* element) {
  { range.data() } -> std::convertible_to<const typename T::value_type*>;
  range.assign(element, element);
  range.clear();
};

template <class T>
concept bit_container = sized_range<T> && std::is_same_v<typename T::value_type, bool> && requires(T& range) {
  range.flip();
  range.resize(range.size());
};

/// One that knows neither its end nor how many its elements are.
template <class T>
concept forward_container = requires(T& range, typename T::value_type&& element) {
  range.insert_after(range.before_begin(), static_cast<typename T::value_type&&>(element));
  range.begin() != range.end();
  range.clear();
};

template <class T>
concept sequence_container = forward_container<T> ||
    (sized_range<T>&& requires(T& range, typename T::value_type&& element) {
      range.push_back(static_cast<typename T::value_type&&>(element));
      range.clear();
    });

template <class Range>
std::size_t count_elements(const Range& range) {
  if constexpr (sized_range<Range>) {
    return range.size();
  } else {
    std::size_t count = 0;
    for (auto at = range.begin(); at != range.end(); ++at)
      ++count;
    return count;
  }
}

/// Puts elements one after the other into a sequence that is empty.
template <class Sequence>
struct appender {
  explicit appender(Sequence& sequence) : sequence(sequence) {}
  template <class Element>
  void append(Element&& element) {
    sequence.push_back(static_cast<Element&&>(element));
  }
  Sequence& sequence;
};
template <forward_container Sequence>
struct appender<Sequence> {
  explicit appender(Sequence& sequence) : sequence(sequence), last(sequence.before_begin()) {}
  template <class Element>
  void append(Element&& element) {
    last = sequence.insert_after(last, static_cast<Element&&>(element));
  }
  Sequence& sequence;
  typename Sequence::iterator last;
};

/// Comparators and hashers do not travel, so only those without state, whose type says all, are allowed.
template <class T>
concept stateless_lookup = (requires { requires std::is_empty_v<typename T::key_compare>; }) || (requires {
                             requires std::is_empty_v<typename T::hasher>;
                             requires std::is_empty_v<typename T::key_equal>;
                           });

template <class T>
concept map_container = sized_range<T> && stateless_lookup<T> &&
    requires(T& map, typename T::key_type&& key, typename T::mapped_type&& mapped) {
  map.emplace_hint(map.end(), std::move(key), std::move(mapped));
};

template <class T>
concept set_container = sized_range<T> && stateless_lookup<T> && !(requires { typename T::mapped_type; }) &&
                        requires(T & set, typename T::key_type&& key) {
  set.emplace_hint(set.end(), std::move(key));
};

/// A container that shows its ends only. The standard's: what others keep within is not known.
template <class T>
concept container_adaptor = requires(T& value) {
  typename T::container_type;
  { value.empty() } -> std::same_as<bool>;
  value.pop();
  requires !requires {
    typename T::value_compare;
  }
  || requires {
    requires std::is_empty_v<typename T::value_compare>;
  };
};

/// The container is protected: a class derived from the adaptor may name it.
template <class Adaptor>
struct opened_adaptor : Adaptor {
  static const typename Adaptor::container_type& container(const Adaptor& adaptor) {
    return adaptor.*&opened_adaptor::c;
  }
};

template <class T>
concept optional_like = requires(T& value) {
  typename T::value_type;
  { value.has_value() } -> std::same_as<bool>;
  { *value } -> std::same_as<typename T::value_type&>;
  value.reset();
};

template <class T>
concept variant_like = requires(T& value) {
  { value.valueless_by_exception() } -> std::same_as<bool>;
  { value.index() } -> std::same_as<std::size_t>;
};

template <class T>
concept owning_pointer = requires(T& pointer) {
  requires is_named<typename T::deleter_type>("T = std::default_delete<"); // it gets what `new` gave
  { pointer.release() } -> std::same_as<typename T::element_type*>;
  // An array's length is not known; a base class's object would arrive cut down to the base.
  requires !requires {
    pointer[0];
  };
  requires !std::is_polymorphic_v<typename T::element_type> || std::is_final_v<typename T::element_type>;
};

template <class T>
concept tuple_like = requires {
  std::tuple_size<T>::value;
};

template <class T>
concept time_point_like = requires(const T& value) {
  typename T::clock;
  { value.time_since_epoch() } -> std::same_as<typename T::duration>;
  requires duration_like<typename T::duration>;
};

template <class T>
concept calendar_like = std::is_trivially_copyable_v<T> && is_named<T>("T = std::chrono::") &&
    requires(const T& value) {
  { value.ok() } -> std::same_as<bool>;
};

template <class T>
concept complex_like = std::is_trivially_copyable_v<T> && requires(const T& value) {
  requires std::is_floating_point_v<typename T::value_type>;
  { value.real() } -> std::same_as<typename T::value_type>;
  { value.imag() } -> std::same_as<typename T::value_type>;
  requires sizeof(T) == 2 * sizeof(typename T::value_type);
};

template <class Array, class Element>
concept array_like = std::is_aggregate_v<Array> && tuple_like<Array> && requires(Array& array) {
  { array.data() } -> std::same_as<Element*>;
  array.fill(array[0]);
};

template <class T>
inline constexpr bool is_array = std::is_bounded_array_v<T>;
template <template <class, std::size_t> class Array, class T, std::size_t Size>
inline constexpr bool is_array<Array<T, Size>> = array_like<Array<T, Size>, T>;

template <class T>
inline constexpr std::size_t bitset_size = 0;
template <template <std::size_t> class Bitset, std::size_t Size>
requires(is_named<Bitset<Size>>("T = std::") && requires(Bitset<Size> & bits) {
  bits.flip();
}) inline constexpr std::size_t bitset_size<Bitset<Size>> = Size;

template <class T>
inline constexpr bool is_function_pointer =
    std::is_pointer_v<T>&& std::is_function_v<std::remove_pointer_t<T>>;

/// Stands for an initialiser of a union without a codec, such as an anonymous one. An aggregate that holds
/// one does not travel, and must not be asked for its fields: no structured binding takes an anonymous union.
struct union_initialiser {
  template <class T>
  requires(std::is_union_v<T> && !custom_codec<T>) operator T() const;
};

/// Whether all fields of T can be looked at one by one: there are no references to bit-fields, nor to the
/// fields of what is packed.
template <class T>
constexpr bool has_visible_fields() {
  if constexpr (!reflected_aggregate<T>)
    return false;
  else if constexpr (makes_field<T, union_initialiser>())
    return false;
  else
    return !std::is_same_v<field_types<T>, unreferable>;
}

template <class T>
constexpr codec_kind find_codec_kind() {
  using enum codec_kind;
  if constexpr (std::is_same_v<T, bool>)
    return boolean;
  else if constexpr (std::is_same_v<T, long double>)
    return extended;
  else if constexpr (std::is_arithmetic_v<T>)
    return number;
  else if constexpr (custom_codec<T>)
    return custom; // an enum may have one
  else if constexpr (std::is_enum_v<T>)
    return number;
  else if constexpr (is_array<T>)
    return array;
  else if constexpr (is_function_pointer<T>)
    return function;
  else if constexpr (!std::is_class_v<T>)
    return none;
  else if constexpr (fields_codec<T>)
    return fields;
  else if constexpr (std::is_aggregate_v<T>)
    return has_visible_fields<T>() ? aggregate : none;
  else if constexpr (std::is_same_v<T, nanoseconds>)
    return duration;
  else if constexpr (bitset_size<T> != 0)
    return fixed_bits;
  else if constexpr (instance_of_standard_template<T>) {
    if constexpr (contiguous_container<T>)
      return contiguous;
    else if constexpr (bit_container<T>)
      return bits;
    else if constexpr (sequence_container<T>)
      return sequence;
    else if constexpr (map_container<T>)
      return map;
    else if constexpr (set_container<T>)
      return set;
    else if constexpr (container_adaptor<T>)
      return adaptor;
    else if constexpr (optional_like<T>)
      return optional;
    else if constexpr (variant_like<T>)
      return variant;
    else if constexpr (owning_pointer<T>)
      return owner;
    else if constexpr (tuple_like<T>)
      return tuple;
    else if constexpr (duration_like<T>)
      return duration;
    else if constexpr (time_point_like<T>)
      return time_point;
    else if constexpr (complex_like<T>)
      return complex;
    else
      return none;
  } else if constexpr (calendar_like<T>)
    return calendar;
  else
    return none;
}

template <class T>
inline constexpr codec_kind kind_of = find_codec_kind<std::remove_cv_t<T>>();

} // namespace weft::detail
