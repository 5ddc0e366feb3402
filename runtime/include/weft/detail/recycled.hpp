#pragma once

#include <weft/export.hpp>

#include <cstddef>
#include <new>

namespace weft::detail {

/// Memory for small objects that are made in one thread and end in another, in floods: what malloc is slow
/// at. Blocks of a size are handed from thread to thread by the batch. What was used once is kept for later,
/// up to the most that was in use at once. Larger objects come from ::operator new. Throws std::bad_alloc.
[[nodiscard]] WEFT_API void* allocate_recycled(std::size_t size);
/// `size` is what it was allocated with.
WEFT_API void release_recycled(void* memory, std::size_t size) noexcept;

/// A base of classes whose objects, and those of classes derived from them, lie in recycled memory. Those
/// with a base in between need a virtual destructor, for the size to be known.
class recycled {
 public:
  [[nodiscard]] static void* operator new(std::size_t size) { return allocate_recycled(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { release_recycled(memory, size); }
  [[nodiscard]] static void* operator new(std::size_t size, std::align_val_t alignment) {
    return ::operator new(size, alignment);
  }
  static void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
    ::operator delete(memory, alignment);
  }

 protected:
  ~recycled() = default;
};

} // namespace weft::detail
