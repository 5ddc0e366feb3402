#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace bench {

/// What finished first comes out first: as_completed for systems that have none. Any number of threads push,
/// one pops.
class completion_queue {
 public:
  void push(std::int64_t value) {
    bool wake = false;
    {
      const std::lock_guard lock{mutex_};
      incoming_.push_back(value);
      wake = waiting_;
    }
    if (wake) condition_.notify_one();
  }

  std::int64_t pop() {
    if (next_ == taken_.size()) {
      taken_.clear();
      next_ = 0;
      std::unique_lock lock{mutex_};
      waiting_ = true;
      condition_.wait(lock, [this] { return !incoming_.empty(); });
      waiting_ = false;
      std::swap(incoming_, taken_);
    }
    return taken_[next_++];
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  std::vector<std::int64_t> incoming_;
  std::vector<std::int64_t> taken_;
  std::size_t next_ = 0;
  bool waiting_ = false;
};

/// Leaves 1 to count; the two that were done first are added until one is left. `submit(x, y)` must have x +
/// y pushed into the queue by a task. Returns the sum.
template <class Submit>
std::int64_t reduce_as_completed(completion_queue& queue, int count, Submit&& submit) {
  for (int i = 0; i < count; ++i)
    submit(std::int64_t{i}, std::int64_t{1});
  for (int left = count; left > 1; --left) {
    const std::int64_t first = queue.pop();
    submit(first, queue.pop());
  }
  return queue.pop();
}

} // namespace bench
