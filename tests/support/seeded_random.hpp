#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::test {

/// Chance that can be repeated: the same seed gives the same numbers on every machine (splitmix64).
class seeded_random {
 public:
  explicit seeded_random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

  /// One of 0, …, n − 1; n is not 0.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  /// One of low, …, high.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  /// True so many times in a thousand.
  bool chance(unsigned permille) { return below(1000) < permille; }

  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  /// A stream of its own, so that what one part draws does not shift what another draws.
  seeded_random fork() { return seeded_random(next()); }

 private:
  std::uint64_t state_;
};

} // namespace weft::test
