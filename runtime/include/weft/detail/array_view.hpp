#pragma once

#include <cstddef>

namespace weft::detail {

/// Some elements that lie one behind the other and belong to somebody else: std::span, but without the
/// concepts that <span> checks, which cost as much as all of the codec (tests/tidy weighs the public
/// headers). Converts from whatever has data() and size(), and so to and from std::span.
template <class T>
class array_view {
 public:
  using value_type = T;

  constexpr array_view() noexcept = default;
  constexpr array_view(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  constexpr array_view(T* first, T* last) noexcept
      : data_(first), size_(static_cast<std::size_t>(last - first)) {}
  template <class Container>
  requires requires(const Container& container) {
    static_cast<T*>(container.data());
    container.size();
  }
  constexpr array_view(const Container& container) noexcept
      : data_(container.data()), size_(container.size()) {}
  template <std::size_t Size>
  constexpr array_view(T (&elements)[Size]) noexcept : data_(elements), size_(Size) {}

  constexpr T* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr T* begin() const noexcept { return data_; }
  constexpr T* end() const noexcept { return data_ + size_; }
  constexpr T& operator[](std::size_t index) const noexcept { return data_[index]; }
  constexpr array_view first(std::size_t size) const noexcept { return {data_, size}; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace weft::detail
