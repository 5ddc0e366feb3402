#pragma once

#include <weft/detail/structural_hash.hpp>

namespace weft::detail {

/// About what a node of a standard list, tree or hash table takes besides its element.
inline constexpr std::uint64_t node_overhead = 32;

/// A codec of its own may also say how much memory a value owns.
template <class T>
concept counts_heap = requires(const T& value) {
  codec<T>::heap_bytes(value);
};

/// Whether values of T may own memory outside themselves that can be counted.
template <class T>
inline constexpr bool owns_heap = !std::is_trivially_copyable_v<T> && kind_of<T> != codec_kind::none &&
                                  (kind_of<T> != codec_kind::custom || counts_heap<T>);

/// About how many bytes `value` owns besides sizeof(T). What cannot be seen into counts as nothing.
template <class T>
std::uint64_t heap_bytes(const T& value) {
  using enum codec_kind;
  constexpr auto kind = kind_of<T>;
  std::uint64_t bytes = 0;
  if constexpr (!owns_heap<T>) {
    return 0;
  } else if constexpr (kind == custom) {
    bytes = codec<T>::heap_bytes(value);
  } else if constexpr (kind == fields) {
    const auto fields = weft_fields(const_cast<T&>(value));
    detail::visit_parts(fields, [&](const auto&... field) { ((bytes += detail::heap_bytes(field)), ...); });
  } else if constexpr (kind == aggregate) {
    detail::visit_fields(value, [&](const auto&... field) { ((bytes += detail::heap_bytes(field)), ...); });
  } else if constexpr (kind == tuple) {
    detail::visit_parts(value, [&](const auto&... part) { ((bytes += detail::heap_bytes(part)), ...); });
  } else if constexpr (kind == array) {
    for (const auto& element : value)
      bytes += detail::heap_bytes(element);
  } else if constexpr (kind == bits) {
    bytes = value.capacity() / 8;
  } else if constexpr (kind == contiguous) {
    using element = typename T::value_type;
    // A short string lies within the object itself.
    const auto* const data = reinterpret_cast<const std::byte*>(value.data());
    const auto* const self = reinterpret_cast<const std::byte*>(&value);
    if (data < self || data >= self + sizeof value) bytes = value.capacity() * sizeof(element);
    if constexpr (owns_heap<element>)
      for (const auto& part : value)
        bytes += detail::heap_bytes(part);
  } else if constexpr (kind == sequence || kind == set || kind == map) {
    bytes = count_elements(value) * (sizeof(typename T::value_type) + node_overhead);
    if constexpr (owns_heap<typename T::value_type>) {
      for (const auto& part : value) {
        if constexpr (kind == map)
          bytes += detail::heap_bytes(part.first) + detail::heap_bytes(part.second);
        else
          bytes += detail::heap_bytes(part);
      }
    }
  } else if constexpr (kind == adaptor) {
    bytes = detail::heap_bytes(opened_adaptor<T>::container(value));
  } else if constexpr (kind == optional) {
    if (value) bytes = detail::heap_bytes(*value);
  } else if constexpr (kind == owner) {
    if (value) bytes = sizeof(typename T::element_type) + detail::heap_bytes(*value);
  }
  return bytes;
}

} // namespace weft::detail
