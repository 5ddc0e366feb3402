#pragma once

#include <weft/export.hpp>

#include <cstddef>
#include <type_traits>
#include <vector>

namespace weft::detail {

/// Takes over large memory of ::operator new that is used up, to receive the next block of this size into;
/// false if it is not wanted for that, and stays the caller's. Thread-safe.
WEFT_API bool keep_storage(void* storage, std::size_t size) noexcept;
inline constexpr std::size_t kept_storage_min = std::size_t{1} << 20;

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
  vector_with_storage() = default;
  vector_with_storage(T* storage, std::size_t size) noexcept { set(storage, size); }
  void set(T* storage, std::size_t size) noexcept {
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

/// Ends a vector that is not used any more; its memory is kept if it is wanted.
template <class T>
void give_up_storage(std::vector<T>& used) noexcept {
  const std::size_t size = used.capacity() * sizeof(T);
  if (size < kept_storage_min) return;
  vector_with_storage<T> last;
  last.swap(used);
  if (keep_storage(last.data(), size)) last.set(nullptr, 0);
}

#endif

} // namespace weft::detail
