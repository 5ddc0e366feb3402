#pragma once

#include "runtime/core/instant.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace weft::test {

using detail::instant;

/// Simulated time: what is to happen, in the order of time and, at the same time, of asking.
class simulated_clock {
 public:
  instant now() const noexcept { return now_; }
  std::uint64_t steps() const noexcept { return steps_; }
  bool empty() const noexcept { return entries_.empty(); }

  void at(instant when, std::function<void()> action) {
    entries_.push_back({std::max(when, now_), order_++, std::move(action)});
    std::push_heap(entries_.begin(), entries_.end());
  }
  void after(std::int64_t nanoseconds, std::function<void()> action) {
    at(now_ + std::chrono::nanoseconds(nanoseconds), std::move(action));
  }

  /// Lets the next thing happen; there must be one.
  void run_next() {
    std::pop_heap(entries_.begin(), entries_.end());
    entry next = std::move(entries_.back());
    entries_.pop_back();
    now_ = next.when;
    ++steps_;
    next.action();
  }

 private:
  struct entry {
    instant when;
    std::uint64_t order;
    std::function<void()> action;
    bool operator<(const entry& other) const noexcept {
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  instant now_{1};
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::vector<entry> entries_; // a heap, the earliest on top
};

} // namespace weft::test
