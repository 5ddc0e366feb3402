#pragma once

#include <weft/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>

namespace weft::detail {

/// Tasks that could run, higher priority first and otherwise in the order they came; what a finished task has
/// set free goes to the front of its priority, so that chains are finished before new ones are begun and
/// memory stays small. Entries are never taken out of the middle: whoever pops checks that the entry still
/// holds.
class priority_queue {
 public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  void push_back(std::int32_t priority, task_id task) {
    level(priority).push_back(task);
    ++size_;
  }
  void push_front(std::int32_t priority, task_id task) {
    level(priority).push_front(task);
    ++size_;
  }

  /// The best entry and its priority; the queue must not be empty.
  task_id front() { return levels_.begin()->second.front(); }
  std::int32_t front_priority() const { return levels_.begin()->first; }
  void pop_front() {
    auto best = levels_.begin();
    best->second.pop_front();
    --size_;
    if (best->second.empty() && levels_.size() > 1) levels_.erase(best);
  }

  /// The worst entry: what a thief is given.
  task_id back() { return levels_.rbegin()->second.back(); }
  void pop_back() {
    auto worst = std::prev(levels_.end());
    worst->second.pop_back();
    --size_;
    if (worst->second.empty() && levels_.size() > 1) levels_.erase(worst);
  }

 private:
  // A level that runs empty stays while it is the only one: most programs use one priority.
  std::deque<task_id>& level(std::int32_t priority) {
    if (size_ == 0 && !levels_.empty() && levels_.begin()->first != priority) levels_.clear();
    return levels_[priority];
  }

  std::map<std::int32_t, std::deque<task_id>, std::greater<>> levels_;
  std::size_t size_ = 0;
};

} // namespace weft::detail
