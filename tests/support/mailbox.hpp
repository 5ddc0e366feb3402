#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace weft::test {

/// What one thread saw, for the test's thread to wait for. The deadline is generous: it only ends a test that
/// has failed already.
template <class T>
class mailbox {
 public:
  static constexpr std::chrono::seconds deadline{30};

  void push(T item) {
    std::lock_guard lock{mutex_};
    items_.push_back(std::move(item));
    arrived_.notify_all();
  }

  /// Waits for the next item. Throws if none comes.
  T pop() {
    std::unique_lock lock{mutex_};
    if (!arrived_.wait_for(lock, deadline, [&] { return !items_.empty(); }))
      throw std::runtime_error("nothing came within the test's deadline");
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

  bool empty() const {
    std::lock_guard lock{mutex_};
    return items_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> items_;
};

} // namespace weft::test
