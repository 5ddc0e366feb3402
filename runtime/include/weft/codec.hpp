#pragma once

#include <weft/detail/structural_hash.hpp>
#include <weft/detail/type_name.hpp>
#include <weft/detail/vector_storage.hpp>

namespace weft {

/// Appends `value`. Large contiguous blocks are borrowed from it, so it must outlive the encoder's use.
/// Throws weft::cannot_travel if values nest more than 64 deep, and whatever a codec of the user's throws.
template <class T>
void encode(encoder& to, const T& value);

/// Reads a T. Throws weft::decode_error if the bytes are not one.
template <class T>
T decode(decoder& from);

} // namespace weft

namespace weft::detail {

[[noreturn]] WEFT_API void throw_null_function();
/// Throws weft::cannot_travel for a value of type `whole`, saying why.
[[noreturn]] WEFT_API void throw_cannot_travel(const std::type_info& whole, const type_shape& shape);
[[noreturn]] WEFT_API void throw_valueless(const std::type_info& type);

/// A function by its module and its place there. Throws weft::cannot_travel for one of another library than
/// the program's task libraries.
WEFT_API void encode_function_address(encoder& to, std::uintptr_t address);
/// Throws weft::decode_error, or weft::build_mismatch if the module pointed into is not loaded.
WEFT_API std::uintptr_t decode_function_address(decoder& from);

template <class T>
void encode_value(encoder& to, const T& value);
template <class T>
T decode_value(decoder& from);

/// Counts nesting only where the type leaves it open.
template <class Depth, class T, class Coder>
struct depth_of {
  explicit depth_of(Coder& coder) : depth(coder) {}
  Depth depth;
};
template <class Depth, class T, class Coder>
requires(!shape_of<T>.recursive && kind_of<T> != codec_kind::custom) struct depth_of<Depth, T, Coder> {
  explicit depth_of(Coder&) {}
};

// -- encoding -------------------------------------------------------------------

/// An element that encodes to nothing costs a byte, so that every count can be checked against the bytes
/// left.
template <class T>
void encode_element(encoder& to, const T& value) {
  detail::encode_value(to, value);
  if constexpr (shape_of<T>.size_min == 0) to.write(std::uint8_t{0});
}

template <class Range>
void encode_elements(encoder& to, const Range& range) {
  for (const auto& element : range) {
    if (to.overflowed()) return;
    encode_element(to, element);
  }
}

template <std::size_t Index = 0, class Variant>
void encode_alternative(encoder& to, const Variant& value) {
  if (value.index() == Index) return detail::encode_value(to, get<Index>(value));
  if constexpr (Index + 1 < template_arguments<Variant>::types::size)
    encode_alternative<Index + 1>(to, value);
}

template <class Bits>
void encode_bits(encoder& to, const Bits& bits) {
  std::uint8_t byte = 0;
  unsigned used = 0;
  for (std::size_t i = 0; i != bits.size(); ++i) {
    byte = static_cast<std::uint8_t>(byte | (bits[i] ? 1u << used : 0u));
    if (++used == 8) {
      to.write(byte);
      byte = 0;
      used = 0;
    }
  }
  if (used != 0) to.write(byte);
}

template <class T>
void encode_value(encoder& to, const T& value) {
  using enum codec_kind;
  constexpr auto kind = kind_of<T>;
  if constexpr (kind == boolean || kind == number) {
    to.write(value);
  } else if constexpr (kind == extended) {
    unsigned char bytes[sizeof value] = {};
    std::memcpy(bytes, &value, __LDBL_MANT_DIG__ == 64 ? 10 : sizeof value);
    to.write_bytes(bytes, sizeof bytes);
  } else if constexpr (kind == duration) {
    to.write(value.count());
  } else if constexpr (kind == time_point) {
    to.write(value.time_since_epoch().count());
  } else if constexpr (kind == complex) {
    to.write(value.real());
    to.write(value.imag());
  } else if constexpr (kind == custom) {
    depth_of<encoder_depth, T, encoder> depth(to);
    copying_scope copying(to);
    codec<T>::encode(to, value);
  } else if constexpr (kind == fields) {
    depth_of<encoder_depth, T, encoder> depth(to);
    // weft_fields takes the object as not const because decoding needs that; nothing is changed here.
    const auto fields = weft_fields(const_cast<T&>(value));
    detail::visit_parts(fields, [&](const auto&... field) { (detail::encode_value(to, field), ...); });
  } else if constexpr (kind == aggregate) {
    depth_of<encoder_depth, T, encoder> depth(to);
    detail::visit_fields(value, [&](const auto&... field) { (detail::encode_value(to, field), ...); });
  } else if constexpr (kind == array) {
    using element = std::remove_cvref_t<decltype(value[0])>;
    if constexpr (block_element<element>)
      to.write_block(&value, sizeof value);
    else
      for (const auto& part : value)
        detail::encode_value(to, part);
  } else if constexpr (kind == calendar) {
    to.write_bytes(&value, sizeof value);
  } else if constexpr (kind == bits) {
    to.write_size(value.size());
    encode_bits(to, value);
  } else if constexpr (kind == fixed_bits) {
    encode_bits(to, value);
  } else if constexpr (kind == adaptor) {
    detail::encode_value(to, opened_adaptor<T>::container(value));
  } else if constexpr (kind == contiguous) {
    to.write_size(value.size());
    if constexpr (block_element<typename T::value_type>)
      to.write_block(value.data(), value.size() * sizeof(typename T::value_type));
    else
      detail::encode_elements(to, value);
  } else if constexpr (kind == sequence || kind == set) {
    to.write_size(count_elements(value));
    detail::encode_elements(to, value);
  } else if constexpr (kind == map) {
    to.write_size(value.size());
    for (const auto& [key, mapped] : value) {
      if (to.overflowed()) return;
      encode_element(to, key);
      encode_element(to, mapped);
    }
  } else if constexpr (kind == tuple) {
    detail::visit_parts(value, [&](const auto&... part) { (detail::encode_value(to, part), ...); });
  } else if constexpr (kind == optional || kind == owner) {
    to.write(static_cast<bool>(value));
    if (value) detail::encode_value(to, *value);
  } else if constexpr (kind == variant) {
    static_assert(template_arguments<T>::types::size < 256);
    if (value.valueless_by_exception()) throw_valueless(typeid(T));
    to.write(static_cast<std::uint8_t>(value.index()));
    detail::encode_alternative(to, value);
  } else if constexpr (kind == function) {
    to.write(value != nullptr);
    if (value) encode_function_address(to, reinterpret_cast<std::uintptr_t>(value));
  } else {
    static_assert(kind != none,
                  "weft: this type cannot travel: give it a weft::codec or a weft_fields function (a free or "
                  "friend one that takes a T&)");
  }
}

// -- decoding -------------------------------------------------------------------

template <class T>
T decode_element(decoder& from) {
  if constexpr (shape_of<T>.size_min == 0) {
    T value = decode_value<T>(from);
    static_cast<void>(from.read<std::uint8_t>());
    return value;
  } else {
    return decode_value<T>(from);
  }
}

template <class T>
inline constexpr std::size_t element_size_min = shape_of<T>.size_min == 0 ? 1 : shape_of<T>.size_min;

template <class T>
void decode_into(decoder& from, T& target) {
  if constexpr (std::is_array_v<T>) {
    if constexpr (block_element<std::remove_all_extents_t<T>>)
      from.read_bytes(&target, sizeof target);
    else
      for (auto& element : target)
        detail::decode_into(from, element);
  } else {
    target = decode_value<T>(from);
  }
}

/// Below this many bytes there is nothing to gain from huge pages.
inline constexpr std::size_t large_block = 1 << 20;

template <class T>
T decode_block(decoder& from) {
  using element = typename T::value_type;
  const auto size = from.read_size(sizeof(element));
  if constexpr (takes_storage<T>)
    if (auto* const storage = from.take_storage(size * sizeof(element)))
      return vector_of_storage(static_cast<element*>(storage), size);
  const auto bytes = from.take(size * sizeof(element));
  const auto* const first = reinterpret_cast<const element*>(bytes.data());
  const bool aligned = reinterpret_cast<std::uintptr_t>(first) % alignof(element) == 0;
  if (aligned && bytes.size() < large_block) return T(first, first + size);
  T result;
  if (aligned) {
    if constexpr (requires { result.reserve(size); }) {
      result.reserve(size);
      prefer_huge_pages(result.data(), bytes.size());
    }
    // Not resize and copy: that would clear the memory first, which takes as long as filling it.
    result.assign(first, first + size);
  } else if (size != 0) {
    result.resize(size);
    std::memcpy(static_cast<void*>(result.data()), bytes.data(), bytes.size());
  }
  return result;
}

/// Room for `size` elements, as far as the bytes left make so many likely: an element may be very much larger
/// in memory than encoded, and a size costs its sender nothing.
template <class T>
void reserve_for(T& container, std::size_t size, const decoder& from) {
  if constexpr (requires { container.reserve(size); }) {
    const auto affordable = 1 + 4 * from.remaining() / sizeof(typename T::value_type);
    container.reserve(size < affordable ? size : affordable);
  }
}

template <class T>
T decode_sequence(decoder& from) {
  using element = typename T::value_type;
  if constexpr (kind_of<T> == codec_kind::contiguous && block_element<element>) {
    return decode_block<T>(from);
  } else {
    auto size = from.read_size(element_size_min<element>);
    T result;
    appender<T> elements{result};
    for (reserve_for(result, size, from); size != 0; --size)
      elements.append(decode_element<element>(from));
    return result;
  }
}

template <class Bits>
void decode_bits(decoder& from, Bits& bits) {
  const auto bytes = from.take((bits.size() + 7) / 8);
  for (std::size_t i = 0; i < bits.size(); ++i)
    bits[i] = (std::to_integer<unsigned>(bytes[i / 8]) >> (i % 8) & 1u) != 0;
}

template <class T, std::size_t Index = 0>
T decode_alternative(decoder& from, std::size_t index) {
  using alternatives = typename template_arguments<T>::types;
  if (index == Index)
    return T(std::in_place_index<Index>,
             decode_value<std::remove_cv_t<typename type_at<Index, alternatives>::type>>(from));
  if constexpr (Index + 1 < alternatives::size)
    return decode_alternative<T, Index + 1>(from, index);
  else
    decoder::fail("a variant has no such alternative");
}

/// Braces and not parentheses: they are evaluated from left to right.
template <class T, class... Parts>
T decode_parts(decoder& from, type_list<Parts...>) {
  return T{decode_value<std::remove_cv_t<Parts>>(from)...};
}

template <class T>
T decode_value(decoder& from) {
  using enum codec_kind;
  constexpr auto kind = kind_of<T>;
  if constexpr (kind == boolean || kind == number || kind == extended) {
    return from.read<T>();
  } else if constexpr (kind == duration) {
    return T(from.read<typename T::rep>());
  } else if constexpr (kind == time_point) {
    return T(typename T::duration(from.read<typename T::rep>()));
  } else if constexpr (kind == complex) {
    const auto real = from.read<typename T::value_type>();
    return T(real, from.read<typename T::value_type>());
  } else if constexpr (kind == custom) {
    depth_of<decoder_depth, T, decoder> depth(from);
    return codec<T>::decode(from);
  } else if constexpr (kind == fields) {
    depth_of<decoder_depth, T, decoder> depth(from);
    T result;
    const auto fields = weft_fields(result);
    detail::visit_parts(fields, [&](auto&... field) { (detail::decode_into(from, field), ...); });
    return result;
  } else if constexpr (kind == aggregate) {
    depth_of<decoder_depth, T, decoder> depth(from);
    if constexpr (decoded_by_assignment<T>(field_types<T>{})) {
      T result;
      detail::visit_fields(result, [&](auto&... field) { (detail::decode_into(from, field), ...); });
      return result;
    } else {
      return decode_parts<T>(from, field_types<T>{});
    }
  } else if constexpr (kind == array) {
    using element = std::remove_cvref_t<decltype(std::declval<T&>()[0])>;
    if constexpr (std::is_default_constructible_v<T> && std::is_move_assignable_v<element>) {
      T result;
      if constexpr (block_element<element>)
        from.read_bytes(&result, sizeof result);
      else
        for (auto& part : result)
          detail::decode_into(from, part);
      return result;
    } else {
      return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
        return T{{(static_cast<void>(Index), decode_value<element>(from))...}};
      }
      (std::make_index_sequence<std::tuple_size<T>::value>{});
    }
  } else if constexpr (kind == calendar) {
    std::byte bytes[sizeof(T)];
    from.read_bytes(bytes, sizeof bytes);
    return __builtin_bit_cast(T, bytes); // some have no default constructor
  } else if constexpr (kind == bits) {
    const auto size = from.read<std::uint64_t>();
    if (size > 8 * static_cast<std::uint64_t>(from.remaining()))
      decoder::fail("more bits than bytes are left for");
    T result(static_cast<std::size_t>(size));
    decode_bits(from, result);
    return result;
  } else if constexpr (kind == fixed_bits) {
    T result;
    decode_bits(from, result);
    return result;
  } else if constexpr (kind == adaptor) {
    auto container = decode_value<typename T::container_type>(from);
    if constexpr (requires { typename T::value_compare; })
      return T(typename T::value_compare(), std::move(container));
    else
      return T(std::move(container));
  } else if constexpr (kind == contiguous || kind == sequence) {
    return decode_sequence<T>(from);
  } else if constexpr (kind == set) {
    using key = typename T::key_type;
    T result;
    for (auto size = from.read_size(element_size_min<key>); size != 0; --size)
      result.emplace_hint(result.end(), decode_element<key>(from));
    return result;
  } else if constexpr (kind == map) {
    using key = typename T::key_type;
    using mapped = std::remove_cv_t<typename T::mapped_type>;
    T result;
    for (auto size = from.read_size(element_size_min<key> + element_size_min<mapped>); size != 0; --size) {
      auto name = decode_element<key>(from);
      result.emplace_hint(result.end(), std::move(name), decode_element<mapped>(from));
    }
    return result;
  } else if constexpr (kind == tuple) {
    return decode_parts<T>(from, typename template_arguments<T>::types{});
  } else if constexpr (kind == optional) {
    T result;
    if (from.read<bool>()) result.emplace(decode_value<std::remove_cv_t<typename T::value_type>>(from));
    return result;
  } else if constexpr (kind == owner) {
    using element = typename T::element_type;
    if (!from.read<bool>()) return T();
    return T(new element(decode_value<std::remove_cv_t<element>>(from)));
  } else if constexpr (kind == variant) {
    return decode_alternative<T>(from, from.read<std::uint8_t>());
  } else if constexpr (kind == function) {
    return from.read<bool>() ? reinterpret_cast<T>(decode_function_address(from)) : nullptr;
  } else {
    static_assert(kind != none,
                  "weft: this type cannot travel: give it a weft::codec or a weft_fields function (a free or "
                  "friend one that takes a T&)");
  }
}

} // namespace weft::detail

namespace weft {

template <class T>
void encode(encoder& to, const T& value) {
  if constexpr (travels<T>)
    detail::encode_value(to, value);
  else
    static_assert(
        travels<T>,
        "weft: this type cannot travel between processes: it, or a part of it, is a pointer to data, a "
        "reference or view, or a class without a weft::codec or a weft_fields function (a free or friend one "
        "that takes a T&)");
}

template <class T>
T decode(decoder& from) {
  if constexpr (travels<T>) {
    return detail::decode_value<T>(from);
  } else {
    static_assert(
        travels<T>,
        "weft: this type cannot travel between processes: it, or a part of it, is a pointer to data, a "
        "reference or view, or a class without a weft::codec or a weft_fields function (a free or friend one "
        "that takes a T&)");
    __builtin_unreachable(); // so that the sentence is all that the compiler says
  }
}

} // namespace weft
