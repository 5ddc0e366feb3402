#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace weft {

namespace detail {

/// What counts ticks of a known length, as every std::chrono::duration does.
template <class T>
concept duration_like = requires(const T& value) {
  T::period::num;
  T::period::den;
  { value.count() } -> std::same_as<typename T::rep>;
  requires std::is_arithmetic_v<typename T::rep>;
};

/// Whole nanoseconds: what chrono, too, takes for nanoseconds without being told to round.
template <class T>
concept whole_nanoseconds =
    duration_like<T> && std::is_integral_v<typename T::rep> && 1'000'000'000 % T::period::den == 0;

template <class T>
concept bare_number = std::is_arithmetic_v<T>;
template <class T>
concept bare_integer = bare_number<T> && std::is_integral_v<T>;

} // namespace detail

/// A length of time, up to 292 years. Every std::chrono::duration becomes one by itself (rounded to the
/// nearest nanosecond; what is longer becomes the longest there is), and it becomes std::chrono::nanoseconds
/// by itself:
///
///     future.result(5s);
///
/// Whoever writes 5s includes <chrono>. This header does not: it would cost more than all of Weft.
class nanoseconds {
 public:
  using rep = std::int64_t;
  struct period {
    static constexpr std::int64_t num = 1;
    static constexpr std::int64_t den = 1'000'000'000;
  };

  constexpr nanoseconds() noexcept = default;
  template <detail::bare_integer Integer>
  constexpr explicit nanoseconds(Integer count) noexcept : count_(static_cast<rep>(count)) {}
  template <detail::bare_number Number>
  constexpr nanoseconds(Number) noexcept {
    static_assert(
        !std::is_same_v<Number, Number>,
        "weft: a length of time needs a unit: write 5s, 500ms or std::chrono::duration<double>(0.5), "
        "with <chrono> and `using namespace std::chrono_literals`");
  }
  template <detail::whole_nanoseconds Duration>
  constexpr nanoseconds(const Duration& other) noexcept {
    constexpr std::int64_t per_part = period::den / Duration::period::den;
    if (__builtin_mul_overflow(other.count(), Duration::period::num, &count_) ||
        __builtin_mul_overflow(count_, per_part, &count_))
      count_ = other.count() < 0 ? INT64_MIN : INT64_MAX;
  }
  template <detail::duration_like Duration>
  constexpr nanoseconds(const Duration& other) noexcept {
    const long double count =
        static_cast<long double>(other.count()) * Duration::period::num * period::den / Duration::period::den;
    if (count >= 0x1p63L - 1)
      count_ = INT64_MAX;
    else if (count <= -0x1p63L + 1)
      count_ = INT64_MIN;
    else if (count == count) // what is not a number is no time at all
      count_ = static_cast<rep>(count < 0 ? count - 0.5L : count + 0.5L);
  }
  template <detail::whole_nanoseconds Duration>
  requires(Duration::period::num == 1 && Duration::period::den == period::den &&
           std::is_same_v<typename Duration::rep, rep>) constexpr
  operator Duration() const noexcept {
    return Duration(count_);
  }

  constexpr rep count() const noexcept { return count_; }
  static constexpr nanoseconds max() noexcept { return nanoseconds(INT64_MAX); }
  friend constexpr auto operator<=>(nanoseconds, nanoseconds) noexcept = default;

 private:
  rep count_ = 0;
};

namespace detail {

/// A moment on the process's steady clock, in nanoseconds. Machines never read a clock: they are told.
struct instant {
  std::int64_t nanoseconds = 0;

  friend constexpr auto operator<=>(instant, instant) noexcept = default;
  static instant now() noexcept;
};

} // namespace detail
} // namespace weft
