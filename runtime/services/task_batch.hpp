#pragma once

#include "runtime/core/functions.hpp"
#include "runtime/core/instant.hpp"
#include "runtime/worker/worker_state.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace weft::detail {

/// The tasks that one executor thread has taken and runs, one after the other.
///
/// Short tasks are taken several at a time and reported together, which is cheap as long as they really are
/// short. When one of them turns out to take long, or waits for another task, those before it have results
/// that nobody hears of and those behind it stand in line although other threads may be idle. So a batch can
/// be split at any time: what is finished is reported, what is not begun goes to whoever has time.
///
/// Who may call what: `refill`, `collect`, `split` and `request_stop` under the engine's lock; `run` without
/// it, by the owning thread; the this_task part by the task itself.
class task_batch {
 public:
  static constexpr std::size_t capacity = 64;

  /// Why a run is asked to stop.
  enum class stop_reason : std::uint8_t {
    none,
    unwanted, ///< nobody needs what it makes
    leaving,  ///< its worker ends
  };

  /// A run that a batch gave away.
  struct leftover {
    ready_task task;
    stop_reason stop = stop_reason::none;
  };

  task_batch(const function_directory& functions, std::string worker_name)
      : functions_(functions), worker_name_(std::move(worker_name)) {
    tasks_.reserve(capacity);
  }

  // -- under the engine's lock
  // -----------------------------------------------------------------------------------

  /// Lets `take(std::vector<ready_task>&)` fill the empty batch; at most `capacity` tasks.
  template <class Take>
  void refill(Take&& take) {
    take(tasks_);
    for (std::size_t i = 0; i < tasks_.size(); ++i)
      stop_[i].store(stop_reason::none, std::memory_order_relaxed);
    reported_ = 0;
    finished_.store(0, std::memory_order_relaxed);
    next_.store(0, std::memory_order_relaxed);
    size_.store(static_cast<std::uint32_t>(tasks_.size()), std::memory_order_relaxed);
  }
  /// Asks a run of this batch to stop before it begins.
  void stop_first(stop_reason why) noexcept { stop_[0].store(why, std::memory_order_relaxed); }

  bool empty() const noexcept { return tasks_.empty(); }
  bool announced() const noexcept { return tasks_.front().announced; }

  /// Appends a run_finished, run_failed or run_abandoned for each task that ended since the last call.
  void collect(std::vector<worker_event>& into);
  /// Takes away what is not begun.
  void split(std::vector<leftover>& into);
  /// After the last `collect`: ready for `refill`.
  void clear() noexcept { tasks_.clear(); }

  /// Whether it has more than one task, so that splitting may be worth while.
  bool splittable() const noexcept { return size_.load(std::memory_order_relaxed) > 1; }

  /// If the batch has this run, not yet ended, which nobody needs: sets its stop token, or keeps it from
  /// beginning. What must be called after unlocking (callbacks are user code) is appended to `sources`.
  bool request_stop(task_id task, run_id run, std::vector<std::stop_source>& sources);
  /// The same for the run that is on the thread just now, whichever it is, because the worker leaves: if it
  /// heeds that, it counts as abandoned, whatever it returns or throws.
  void request_leave(std::vector<std::stop_source>& sources);
  /// The printable key of the run that is on the thread just now, if one is.
  std::optional<std::string> current_key() const;

  // -- by the owner, without the lock
  // ----------------------------------------------------------------------------

  /// Runs what nobody has split off; returns when all that is left has ended.
  void run();

  // -- by the task that runs
  // -------------------------------------------------------------------------------------

  /// The batch whose task the calling thread runs, or null.
  static task_batch* of_this_thread() noexcept;
  const ready_task& current() const noexcept { return tasks_[current_]; }
  /// It waited so many nanoseconds for other tasks, which do not count as its own time.
  void waited(std::int64_t duration) noexcept { waited_ += duration; }
  bool stop_requested() noexcept {
    const bool requested = stop_[current_].load(std::memory_order_relaxed) != stop_reason::none;
    heeded_ |= requested;
    return requested;
  }
  std::stop_token stop_token();
  std::string key() const { return key_of(tasks_[current_]); }
  const std::string& worker_name() const noexcept { return worker_name_; }

 private:
  struct outcome {
    value_ptr value;
    failure_ptr failure;
    std::int64_t duration = 0;
    bool abandoned = false;
  };

  void run_one(std::uint32_t index);
  void run_body(std::uint32_t index);
  void request_stop_at(std::uint32_t index, stop_reason why, std::vector<std::stop_source>& sources);
  std::string key_of(const ready_task& task) const;

  const function_directory& functions_;
  const std::string worker_name_;
  std::vector<ready_task> tasks_;
  std::array<outcome, capacity> outcomes_;
  std::array<std::atomic<stop_reason>, capacity> stop_{};
  std::uint32_t reported_ = 0;         // outcomes [0, reported) are collected
  std::atomic<std::uint32_t> size_{0}; // tasks [size, …) were split off
  std::atomic<std::uint32_t> next_{
      0}; // tasks [next, size) are not begun; whoever raises it owns what it passed
  std::atomic<std::uint32_t> finished_{0}; // outcomes [0, finished) are written

  // The running task's own: the owner writes, whoever asks it to stop reads under the mutex.
  std::uint32_t current_ = 0;
  std::int64_t waited_ = 0; // nanoseconds
  bool has_source_ = false;
  bool heeded_ = false; // it asked whether to stop, and was told so
  std::mutex source_mutex_;
  std::optional<std::stop_source> source_;
  std::uint32_t source_index_ = 0;
};

} // namespace weft::detail
