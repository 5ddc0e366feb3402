#pragma once

#include <weft/detail/codec_kind.hpp>

#include <type_traits>

namespace weft::detail {

template <class T, class... Enclosing>
constexpr bool find_copyable();

template <class... Enclosing, class... Parts>
constexpr bool all_copyable(type_list<Parts...>) {
  return (find_copyable<std::remove_cv_t<Parts>, Enclosing...>() && ...);
}

/// A type that holds itself further in (a tree) can be copied if all else in it can.
template <class T, class... Enclosing>
constexpr bool find_copyable() {
  using enum codec_kind;
  constexpr auto kind = kind_of<T>;
  if constexpr (std::is_array_v<T>)
    return find_copyable<std::remove_cv_t<std::remove_all_extents_t<T>>, Enclosing...>();
  else if constexpr (!std::is_copy_constructible_v<T>)
    return false;
  else if constexpr (std::is_trivially_copyable_v<T> || (std::is_same_v<T, Enclosing> || ...))
    return true;
  else if constexpr (kind == array)
    return find_copyable<std::remove_cvref_t<decltype(std::declval<T&>()[0])>, T, Enclosing...>();
  else if constexpr (kind == contiguous || kind == sequence || kind == optional)
    return find_copyable<std::remove_cv_t<typename T::value_type>, T, Enclosing...>();
  else if constexpr (kind == set)
    return find_copyable<typename T::key_type, T, Enclosing...>();
  else if constexpr (kind == map)
    return find_copyable<typename T::key_type, T, Enclosing...>() &&
           find_copyable<std::remove_cv_t<typename T::mapped_type>, T, Enclosing...>();
  else if constexpr (kind == adaptor)
    return find_copyable<typename T::container_type, T, Enclosing...>();
  else if constexpr (kind == tuple || kind == variant)
    return all_copyable<T, Enclosing...>(typename template_arguments<T>::types{});
  else if constexpr (kind == aggregate)
    return all_copyable<T, Enclosing...>(field_types<T>{});
  else
    return true; // other classes know themselves how they are copied
}

/// Whether a T can be copied. std::is_copy_constructible says yes of a vector<unique_ptr<int>>, whose copy
/// then fails within the standard library: so containers, and structs of them, are asked for their elements.
template <class T>
inline constexpr bool is_copyable = find_copyable<std::remove_cv_t<T>>();

/// Whether a decayed copy of what is given as a Given can be made, or of an rvalue, moved out of it.
template <class Given>
constexpr bool find_keepable() {
  using kept = std::decay_t<Given>;
  using given = std::remove_reference_t<Given>;
  if constexpr (!std::is_constructible_v<kept, Given>)
    return false;
  else if constexpr (std::is_same_v<std::remove_cv_t<given>, kept> &&
                     (std::is_lvalue_reference_v<Given> || std::is_const_v<given>))
    return is_copyable<kept>;
  else
    return true;
}
template <class Given>
inline constexpr bool is_keepable = find_keepable<Given>();

} // namespace weft::detail
