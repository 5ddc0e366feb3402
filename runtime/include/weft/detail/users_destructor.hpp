#pragma once

#include <weft/detail/codec_kind.hpp>

#include <type_traits>

namespace weft::detail {

template <class T>
constexpr bool find_users_destructor();

/// Whether the destructor of T may run what a user has written: it may take long, and wait. Of what is made
/// of the standard's containers and nothing else it does not; of a class it is not known.
template <class T>
inline constexpr bool has_users_destructor = find_users_destructor<std::remove_cv_t<T>>();

template <class... T>
constexpr bool any_users_destructor(type_list<T...>) {
  return (has_users_destructor<T> || ...);
}

template <class T>
constexpr bool find_users_destructor() {
  using enum codec_kind;
  constexpr auto kind = kind_of<T>;
  if constexpr (std::is_trivially_destructible_v<T>)
    return false;
  else if constexpr (kind == bits)
    return false;
  else if constexpr (std::is_bounded_array_v<T>)
    return has_users_destructor<std::remove_extent_t<T>>;
  else if constexpr (kind == array || kind == contiguous || kind == sequence || kind == set ||
                     kind == optional)
    return has_users_destructor<typename T::value_type>;
  else if constexpr (kind == map)
    return has_users_destructor<typename T::key_type> || has_users_destructor<typename T::mapped_type>;
  else if constexpr (kind == adaptor)
    return has_users_destructor<typename T::container_type>;
  else if constexpr (kind == owner)
    return has_users_destructor<typename T::element_type>;
  else if constexpr (kind == tuple || kind == variant)
    return any_users_destructor(typename template_arguments<T>::types{});
  else
    return true;
}

} // namespace weft::detail
