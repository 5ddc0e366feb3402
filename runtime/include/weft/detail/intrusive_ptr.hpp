#pragma once

#include <weft/detail/atomic_word.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weft::detail {

/// Counts its owners. The count may be changed from any thread; the last owner destroys the object, as
/// `Derived::destroy` does where there is one.
template <class Derived>
class reference_counted {
 public:
  reference_counted() noexcept = default;
  reference_counted(const reference_counted&) = delete;
  reference_counted& operator=(const reference_counted&) = delete;

  void add_reference() const noexcept { references_.add(1); }

  void release_reference() const noexcept {
    // A sole owner needs no read-modify-write: nobody else can be changing the count.
    if (references_.load() != 1 && references_.subtract(1) != 1) return;
    const auto* const self = static_cast<const Derived*>(this);
    if constexpr (requires { Derived::destroy(self); })
      Derived::destroy(self);
    else
      delete self;
  }

  bool unique() const noexcept { return references_.load() == 1; }

 protected:
  ~reference_counted() = default;

 private:
  mutable atomic_word<std::uint32_t> references_{1};
};

/// Owns one reference of a reference_counted object, or nothing.
template <class T>
class intrusive_ptr {
 public:
  using element_type = T;

  constexpr intrusive_ptr() noexcept = default;
  constexpr intrusive_ptr(std::nullptr_t) noexcept {}
  intrusive_ptr(const intrusive_ptr& other) noexcept : object_(other.object_) {
    if (object_) object_->add_reference();
  }
  intrusive_ptr(intrusive_ptr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  requires std::convertible_to<U*, T*> intrusive_ptr(intrusive_ptr<U> other)
  noexcept : object_(other.detach()) {}
  ~intrusive_ptr() {
    if (object_) object_->release_reference();
  }
  intrusive_ptr& operator=(intrusive_ptr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }

  /// Takes over a reference that the caller holds already (as a new object's creator does).
  static intrusive_ptr adopt(T* object) noexcept {
    intrusive_ptr result;
    result.object_ = object;
    return result;
  }

  /// Adds a reference of its own.
  static intrusive_ptr share(T* object) noexcept {
    if (object) object->add_reference();
    return adopt(object);
  }

  T* get() const noexcept { return object_; }
  T* detach() noexcept { return std::exchange(object_, nullptr); }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const intrusive_ptr&, const intrusive_ptr&) noexcept = default;
  friend bool operator==(const intrusive_ptr& pointer, std::nullptr_t) noexcept { return !pointer.object_; }

 private:
  T* object_ = nullptr;
};

template <class T, class... Arguments>
intrusive_ptr<T> make_intrusive(Arguments&&... arguments) {
  return intrusive_ptr<T>::adopt(new T(std::forward<Arguments>(arguments)...));
}

} // namespace weft::detail
