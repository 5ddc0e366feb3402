#pragma once

namespace weft::detail {

/// The little of std::atomic that public headers need: <atomic> alone would take a sixth of what
/// <weft/weft.hpp> may cost (tests/tidy weighs it). For bool and integers. Loads acquire, stores release,
/// additions are relaxed and subtractions both acquire and release, as counting references wants it.
template <class T>
class atomic_word {
 public:
  constexpr atomic_word(T value = {}) noexcept : value_(value) {}
  atomic_word(const atomic_word&) = delete;
  atomic_word& operator=(const atomic_word&) = delete;

  T load() const noexcept { return __atomic_load_n(&value_, __ATOMIC_ACQUIRE); }
  void store(T value) noexcept { __atomic_store_n(&value_, value, __ATOMIC_RELEASE); }

  /// Returns the value before.
  T add(T difference) noexcept { return __atomic_fetch_add(&value_, difference, __ATOMIC_RELAXED); }

  /// Returns the value before.
  T subtract(T difference) noexcept { return __atomic_fetch_sub(&value_, difference, __ATOMIC_ACQ_REL); }

 private:
  T value_;
};

} // namespace weft::detail
