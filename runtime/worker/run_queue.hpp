#pragma once

#include <weft/ids.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace weft::detail {

/// Tasks that could run, higher priority first and then by turn, the lowest first. Who comes in turn, as
/// nearly all do, is appended; only the others cost a heap. Entries are never taken out of the middle:
/// whoever pops checks that the entry still holds.
class run_queue {
 public:
  bool empty() const noexcept { return in_turn_.empty() && others_.empty(); }

  void push(std::int32_t priority, std::int64_t turn, task_id task) {
    const entry its{priority, turn, task};
    if (in_turn_.empty() || after(its, in_turn_.back())) {
      in_turn_.push_back(its);
    } else {
      others_.push_back(its);
      std::push_heap(others_.begin(), others_.end(), after);
    }
  }

  /// The best entry; the queue must not be empty.
  task_id front() const noexcept { return other_is_best() ? others_.front().task : in_turn_.front().task; }
  void pop_front() {
    if (other_is_best()) {
      std::pop_heap(others_.begin(), others_.end(), after);
      others_.pop_back();
    } else {
      in_turn_.pop_front();
    }
  }

 private:
  struct entry {
    std::int32_t priority;
    std::int64_t turn;
    task_id task;
  };
  static bool after(const entry& a, const entry& b) noexcept {
    return a.priority != b.priority ? a.priority < b.priority : a.turn > b.turn;
  }
  bool other_is_best() const noexcept {
    return !others_.empty() && (in_turn_.empty() || after(in_turn_.front(), others_.front()));
  }

  std::deque<entry> in_turn_; // sorted
  std::vector<entry> others_; // a heap
};

} // namespace weft::detail
