#pragma once

#include <weft/export.hpp>

#include <cstddef>
#include <type_traits>
#include <vector>

namespace weft::detail {

/// Whether a T can take over memory that was filled elsewhere, instead of copying it. The standard has no
/// words for that; in libstdc++ a class derived from std::vector reaches its three pointers. With another
/// library, or its debug mode, nothing takes over anything.
template <class T>
inline constexpr bool takes_storage = false;

#if defined(__GLIBCXX__) && !defined(_GLIBCXX_DEBUG)

/// std::allocator frees with the plain ::operator delete what needs no more than its alignment.
template <class T>
inline constexpr bool takes_storage<std::vector<T>> =
    std::is_trivially_copyable_v<T> && !std::is_same_v<T, bool> &&
    alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;

template <class T>
struct WEFT_HIDDEN vector_with_storage : std::vector<T> {
  vector_with_storage(T* storage, std::size_t size) noexcept {
    this->_M_impl._M_start = storage;
    this->_M_impl._M_finish = this->_M_impl._M_end_of_storage = storage + size;
  }
};

/// The `size` elements at `storage`, memory of ::operator new with just room for them, as a vector that owns
/// it.
template <class T>
std::vector<T> vector_of_storage(T* storage, std::size_t size) noexcept {
  return static_cast<std::vector<T>&&>(vector_with_storage<T>(storage, size));
}

#endif

} // namespace weft::detail
