#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace weft::detail {

/// Closes what several threads may close at the same time, one of them because it destroys it.
class close_once {
 public:
  /// The first call does it; the others return when that has ended, so that what is closed may be destroyed
  /// then. One out of `how` itself returns at once.
  template <class How>
  void operator()(How&& how) {
    {
      std::unique_lock lock{mutex_};
      if (closing_ == std::this_thread::get_id()) return;
      if (begun_) {
        has_ended_.wait(lock, [&] { return ended_; });
        return;
      }
      begun_ = true;
      closing_ = std::this_thread::get_id();
    }
    how();
    std::lock_guard lock{mutex_};
    closing_ = {};
    ended_ = true;
    has_ended_.notify_all();
  }

 private:
  std::mutex mutex_;
  bool begun_ = false;
  bool ended_ = false;
  std::thread::id closing_; // who does it
  std::condition_variable has_ended_;
};

} // namespace weft::detail
