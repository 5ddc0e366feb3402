#pragma once

#include "runtime/core/instant.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace weft::detail {

/// One thread that wakes others when their time has come; one is enough for a process. It sleeps until the
/// earliest time that somebody asked for, so that an idle process wakes seldom, and nobody has a timer a
/// task.
class timer_thread {
 public:
  /// What to do, on the timer thread; must be short. Returns when to come again, if at all.
  using action = std::function<std::optional<instant>(instant now)>;

 private:
  struct entry {
    action what;
    std::optional<instant> next;
    bool running = false;
    bool ended = false;
  };

 public:
  /// One action's place. Ends with it: when the destructor returns, the action neither runs nor will run (but
  /// if it is the action itself that ends it).
  class timer {
   public:
    timer() = default;
    timer(timer&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), entry_(std::move(other.entry_)) {}
    timer& operator=(timer&& other) noexcept {
      end();
      owner_ = std::exchange(other.owner_, nullptr);
      entry_ = std::move(other.entry_);
      return *this;
    }
    ~timer() { end(); }

    /// The action shall run at this time, or before. Thread-safe; may be called with locks held that the
    /// action takes.
    void wake_at(instant when);
    void end();

   private:
    friend class timer_thread;
    timer(timer_thread& owner, std::shared_ptr<entry> its) : owner_(&owner), entry_(std::move(its)) {}

    timer_thread* owner_ = nullptr;
    std::shared_ptr<entry> entry_;
  };

  timer_thread();
  /// All its timers must have ended.
  ~timer_thread();
  timer_thread(const timer_thread&) = delete;
  timer_thread& operator=(const timer_thread&) = delete;

  /// `first`: when to run it for the first time; nothing: when wake_at says.
  [[nodiscard]] timer add(action what, std::optional<instant> first = std::nullopt);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_; // somebody wants to be woken earlier, or all is over
  std::condition_variable ended_;   // an action has returned
  std::vector<std::shared_ptr<entry>> entries_;
  std::optional<instant> sleeping_until_;
  bool stop_ = false;
  std::thread thread_;
};

} // namespace weft::detail
