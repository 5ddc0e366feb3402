#pragma once

#include "runtime/core/functions.hpp"
#include "runtime/services/data_mover.hpp"
#include "runtime/services/ports.hpp"
#include "runtime/services/task_batch.hpp"
#include "runtime/services/timer_thread.hpp"
#include "runtime/worker/worker_state.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace weft::detail {

/// A worker without its actor: owns the machine, the lock around it and the threads that run user code.
///
/// Events come into `inbox`: from the scheduler, from other workers and from those who move data. Whoever
/// rings for them calls `drain`, which steps the machine on the calling thread. Executor threads step it when
/// tasks end, and take the next ones in the same breath. What a step says to the scheduler is appended to the
/// outbox under the lock, so that the order on the wire is the machine's order. Everything else (user code,
/// freeing results, ringing, moving data) happens after unlocking.
///
/// All members may be called from any thread, with no lock held that an answer may need.
class worker_engine final : public std::enable_shared_from_this<worker_engine> {
 public:
  struct settings {
    worker_id id{};
    std::string name{};
    std::uint32_t threads = 1;
    /// How long a thread without work looks for some before it sleeps; ignored if there are more threads than
    /// cores.
    std::chrono::nanoseconds spin{20'000};
    /// How often it looks meanwhile whether others want the core.
    std::chrono::nanoseconds crowd_patience{5'000};
    /// Short tasks are taken together up to so much expected time.
    std::chrono::nanoseconds batch_time{50'000};
    /// While threads run short tasks, the scheduler is told of what has ended this often at most: to wake
    /// its thread for each of them costs more than the task.
    std::chrono::nanoseconds ring_interval{200'000};
    /// So long a thread with nothing to run looks for work before it tells, where tasks wait for inputs.
    std::chrono::nanoseconds ring_patience{10'000};
    /// A batch that has run for so long is split.
    std::chrono::nanoseconds batch_patience{5'000'000};
    /// How many tasks may wait inside for other tasks at once; each costs a thread.
    std::uint32_t waiting_max = 1000;
    /// How often worker_reported is sent.
    std::chrono::nanoseconds report_interval{500'000'000};
    /// Returns when all that was sent to the scheduler has left this process, or never will. Empty: the
    /// scheduler is in this process.
    std::function<void()> flush_reports{};
    /// The worker has handed over all it had and is to end. Called once; must not block.
    std::function<void()> on_leave{};
  };

  worker_engine(settings how, const function_directory& functions, port<scheduler_event> scheduler,
                timer_thread& timers);
  /// Precondition: never started, or stop has returned nothing.
  ~worker_engine();

  /// Begins to run tasks.
  void start(std::shared_ptr<data_mover> data);

  /// Takes no more tasks, asks those that run to stop, and waits up to `limit` for them. Returns the keys of
  /// those that still run, or nothing: all threads have ended, and from now on events are ignored. May be
  /// called again.
  std::vector<std::string> stop(std::chrono::nanoseconds limit);

  /// Whether it is one of its tasks that asks.
  bool runs_calling_thread() const noexcept;

  /// Asks tasks that run to stop, and waits up to `limit` for them. Returns the keys of those that still run.
  /// Unlike after `stop` the worker goes on: it takes what it is given, and tells of what has ended.
  std::vector<std::string> wait_until_idle(std::chrono::nanoseconds limit);

  worker_id id() const noexcept { return settings_.id; }
  const std::string& name() const noexcept { return settings_.name; }

  /// Where events for this worker go; after an append that says so, `drain` wants to be called.
  const std::shared_ptr<outbox<worker_event>>& inbox() const noexcept { return inbox_; }
  void drain();
  /// A port that drains on the ringing thread. Does nothing once the engine is gone.
  port<worker_event> direct_port();

 private:
  struct executor_thread;

  // What one step leaves to do; the buffers are used again and again.
  struct aftermath {
    worker_commands commands;
    std::vector<worker_event> events; // what ended on a thread, on its way into the machine
    std::vector<std::stop_source> to_stop;
    std::vector<task_batch::leftover> dropped;
    bool ring = false;
    bool wake = false;
    bool leave = false;
    bool move_data = false;
  };

  // What is to be moved, in the machine's order.
  struct data_moves {
    std::vector<std::pair<worker_id, std::string>> introductions;
    std::vector<worker_id> departures;
    std::vector<transfer_command> commands;
    bool empty() const noexcept { return introductions.empty() && departures.empty() && commands.empty(); }
  };

  // worker_engine.cpp
  void step(instant now, worker_event&& event, aftermath& after);
  void apply(aftermath& after);
  void finish(aftermath& after);
  void move_data();
  void stop_run(task_id task, run_id run, aftermath& after);
  std::optional<instant> on_timer(instant now);
  template <class Condition>
  static bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& on,
                   std::chrono::nanoseconds limit, Condition condition);
  std::vector<std::string> running_keys() const;

  // executor.cpp
  void add_thread();
  void run_thread(executor_thread& self);
  bool take(executor_thread& self, aftermath& after);
  void set_back_soon(executor_thread& self, bool soon) noexcept;
  void end_batch(executor_thread& self, aftermath& after);
  void report_ended(executor_thread& whose, aftermath& after);
  void split_overdue(instant now, aftermath& after);
  void wait_for_work(executor_thread& self, std::unique_lock<std::mutex>& lock);
  bool look_for_work(std::unique_lock<std::mutex>& lock, std::chrono::nanoseconds limit);
  void give_up_place(executor_thread& self);
  void take_back_place(executor_thread& self);
  bool may_take() const noexcept {
    return !stopping_ && occupied_ < settings_.threads && (state_.ready_count() != 0 || !split_off_.empty());
  }

  const settings settings_;
  const function_directory& functions_;
  const port<scheduler_event> scheduler_;
  timer_thread& timers_;
  const bool may_spin_;
  const std::shared_ptr<outbox<worker_event>> inbox_ = std::make_shared<outbox<worker_event>>();
  std::shared_ptr<data_mover> data_; // set before the threads begin

  mutable std::mutex mutex_;
  // -- all below is guarded by it, but for the atomics ---
  worker_state state_;
  std::vector<worker_event> backlog_; // taken from the inbox; [backlog_next_, …) is not yet stepped
  std::size_t backlog_next_ = 0;
  std::vector<std::unique_ptr<aftermath>> spare_; // for drain
  data_moves moves_;
  bool moving_data_ = false; // one thread at a time carries the moves out
  bool stopping_ = false;
  bool stopped_ = false;

  std::vector<std::unique_ptr<executor_thread>> executors_;
  std::deque<task_batch::leftover> split_off_; // running for the machine, but on no thread yet
  std::uint32_t occupied_ = 0;                 // threads that run a task and do not wait inside it
  std::uint32_t waiting_ = 0;                  // threads that wait inside a task
  std::uint32_t alive_ = 0;
  std::uint32_t parked_ = 0;
  std::uint32_t waking_ = 0; // of the parked: told to wake and not yet awake
  std::condition_variable work_;
  std::condition_variable ended_;
  std::condition_variable idle_;
  std::uint32_t idle_awaited_ = 0; // threads in wait_until_idle
  std::uint32_t spinning_ = 0;
  std::atomic<bool> look_again_{false}; // for threads that spin

  instant timer_due_; // it fires then, or before
  instant report_due_;
  instant split_due_; // zero: no batch could be split
  instant ring_due_;  // not before, unless there is nothing more to run
  bool unrung_ = false;
  std::uint32_t back_soon_ = 0; // threads that will soon call apply
  timer_thread::timer timer_;
};

} // namespace weft::detail
