#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>

namespace weft::detail {

/// A short list of plain values. Up to `InlineCapacity` of them cost no allocation: most tasks have one or
/// two inputs.
template <class T, std::uint32_t InlineCapacity>
class inline_list {
  static_assert(std::is_trivially_copyable_v<T> && InlineCapacity > 0);

 public:
  using value_type = T;

  inline_list() noexcept {}
  inline_list(std::initializer_list<T> values) { assign(std::span<const T>(values.begin(), values.size())); }
  explicit inline_list(std::span<const T> values) { assign(values); }
  inline_list(const inline_list& other) { assign(other.view()); }
  inline_list(inline_list&& other) noexcept { steal(other); }
  inline_list& operator=(const inline_list& other) {
    if (this != &other) {
      clear();
      assign(other.view());
    }
    return *this;
  }
  inline_list& operator=(inline_list&& other) noexcept {
    if (this != &other) {
      free_heap();
      steal(other);
    }
    return *this;
  }
  ~inline_list() { free_heap(); }

  std::uint32_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T* data() noexcept { return on_heap() ? heap_ : inline_; }
  const T* data() const noexcept { return on_heap() ? heap_ : inline_; }
  T* begin() noexcept { return data(); }
  T* end() noexcept { return data() + size_; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }
  T& operator[](std::size_t i) noexcept { return data()[i]; }
  const T& operator[](std::size_t i) const noexcept { return data()[i]; }
  std::span<const T> view() const noexcept { return {data(), size_}; }
  bool contains(const T& value) const noexcept { return std::find(begin(), end(), value) != end(); }

  void reserve(std::uint32_t wanted) {
    if (wanted <= capacity_) return;
    T* grown = static_cast<T*>(::operator new(wanted * sizeof(T)));
    std::copy(begin(), end(), grown);
    free_heap();
    heap_ = grown;
    capacity_ = wanted;
  }

  void push_back(T value) {
    if (size_ == capacity_) reserve(capacity_ * 2 < 4 ? 4 : capacity_ * 2);
    data()[size_++] = value;
  }

  /// Removes the first equal element, if any, keeping the order of the others.
  bool remove(const T& value) noexcept {
    T* at = std::find(begin(), end(), value);
    if (at == end()) return false;
    std::copy(at + 1, end(), at);
    --size_;
    return true;
  }

  template <class Predicate>
  void remove_if(Predicate&& predicate) {
    size_ = static_cast<std::uint32_t>(std::remove_if(begin(), end(), predicate) - begin());
  }

  /// Empties it and gives the memory back.
  void clear() noexcept {
    free_heap();
    size_ = 0;
    capacity_ = InlineCapacity;
  }

  friend bool operator==(const inline_list& a, const inline_list& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  bool on_heap() const noexcept { return capacity_ > InlineCapacity; }
  void free_heap() noexcept {
    if (on_heap()) ::operator delete(heap_);
  }
  void assign(std::span<const T> values) {
    reserve(static_cast<std::uint32_t>(values.size()));
    std::copy(values.begin(), values.end(), data());
    size_ = static_cast<std::uint32_t>(values.size());
  }
  void steal(inline_list& other) noexcept {
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, InlineCapacity);
    if (on_heap())
      heap_ = other.heap_;
    else
      std::copy(other.inline_, other.inline_ + size_, inline_);
  }

  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = InlineCapacity;
  union {
    T inline_[InlineCapacity];
    T* heap_;
  };
};

} // namespace weft::detail
