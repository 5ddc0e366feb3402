#pragma once

#include <weft/codec.hpp>

#include <cstring>

namespace weft {

/// A fixed number of elements in memory that processes of one machine share: a worker or client that is given
/// a large buffer (256 KiB or more) reads the memory in which it was built, without a copy, whatever its
/// size. To another machine it travels as a vector does.
///
///     weft::buffer<double> ramp(std::size_t size) {
///       weft::buffer<double> result(size);
///       double next = 0;
///       for (auto& element : result.writable())
///         element = next++;
///       return result;
///     }
///
/// Elements are trivially copyable. To travel they must also be without pointers, as elements of a vector.
///
/// Copies share the memory too; `writable` makes one's own of it. Each large buffer takes a file descriptor
/// in every process that has it; a process that has used up a quarter of those that it may open builds
/// further ones in ordinary memory, which is copied as a vector is. As safe for threads as a vector.
template <class T>
class buffer {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_const_v<T>,
                "weft: a buffer's elements must be trivially copyable: numbers or structs of them");
  static_assert(alignof(T) <= 64);

 public:
  using value_type = T;

  buffer() noexcept = default;
  /// `size` elements whose bytes are all zero. Throws std::bad_alloc.
  explicit buffer(std::size_t size) {
    if (size > ~std::size_t{0} / sizeof(T)) throw std::bad_alloc();
    if (size != 0) memory_ = detail::shared_buffer::allocate_mapped(size * sizeof(T));
  }

  std::size_t size() const noexcept { return memory_ ? memory_->size() / sizeof(T) : 0; }
  bool empty() const noexcept { return !memory_; }
  const T* data() const noexcept { return memory_ ? reinterpret_cast<const T*>(memory_->data()) : nullptr; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size(); }
  const T& operator[](std::size_t index) const noexcept { return data()[index]; }

  /// The elements, to be written: a range with data() and size(), valid until the buffer is copied, passed on
  /// or destroyed. If others share the memory, in this process or another, it is copied first. Throws
  /// std::bad_alloc.
  detail::array_view<T> writable() {
    if (memory_ && !memory_->is_exclusive()) {
      auto own = detail::shared_buffer::allocate_mapped(memory_->size());
      std::memcpy(own->data(), memory_->data(), memory_->size());
      memory_ = std::move(own);
    }
    return {const_cast<T*>(data()), size()};
  }

 private:
  friend codec<buffer>;

  detail::intrusive_ptr<detail::shared_buffer> memory_; // null: no elements
};

template <class T>
requires detail::block_element<T>
struct codec<buffer<T>> {
  static void encode(encoder& to, const buffer<T>& value) {
    to.write_size(value.size());
    if (value.memory_) to.write_shared_block(value.memory_);
  }

  static buffer<T> decode(decoder& from) {
    const auto size = from.read_size(sizeof(T));
    buffer<T> result;
    if constexpr (alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__)
      if (size != 0) result.memory_ = from.take_shared(size * sizeof(T));
    if (size != 0 && !result.memory_) {
      const auto bytes = from.take(size * sizeof(T));
      result.memory_ = detail::shared_buffer::allocate_mapped(bytes.size());
      std::memcpy(result.memory_->data(), bytes.data(), bytes.size());
    }
    return result;
  }

  static std::uint64_t heap_bytes(const buffer<T>& value) { return value.size() * sizeof(T); }
};

} // namespace weft
