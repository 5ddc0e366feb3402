#pragma once

#include "runtime/core/inline_list.hpp"
#include "runtime/core/instant.hpp"
#include "runtime/core/task_table.hpp"
#include "runtime/scheduler/protocol.hpp"
#include "runtime/worker/protocol.hpp"
#include "runtime/worker/run_queue.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::detail {

/// What a worker's machine wants done. The caller empties it.
struct worker_commands {
  std::vector<scheduler_event> to_scheduler;
  std::vector<transfer_command> to_peers;
  std::vector<peer_introduced> introductions;      ///< for those who move data
  std::vector<std::pair<task_id, run_id>> to_stop; ///< set the stop token of these runs
  std::vector<value_ptr> garbage_values; ///< to be freed outside any lock: destructors are user code
  std::vector<body_ptr> garbage_bodies;
  std::uint32_t newly_ready = 0; ///< so many threads have something to do
  bool leave = false;            ///< end this worker
};

/// What an executor thread needs to run a task.
struct ready_task {
  task_id task;
  run_id run;
  function_id function;
  bool announced = false; ///< the report task_started must have left the process before user code begins
  const std::string* key = nullptr; ///< the user's, if he gave it one; valid while it runs
  body_ptr body;
  std::vector<value_ptr> inputs;
};

/// The worker's row about a task: one that it computes, or whose value it fetches or holds.
struct worker_task {
  enum class phase : std::uint8_t {
    expected, ///< somebody asked for it; nothing is known of it yet
    fetching, ///< its value is being fetched from `source` (none: the scheduler was asked where it is)
    waiting,  ///< to be computed; inputs are missing
    ready,    ///< to be computed; in the queue
    running,  ///< on a thread
    stored,   ///< its value is here
  };

  phase is = phase::expected;
  bool aborted = false;  ///< running, but nobody wants the result
  bool announce = false; ///< see compute_task
  bool keep = false;     ///< fetched to be kept (acquire_replica), not for a consumer
  bool dropped = false;  ///< stored for its readers only: the scheduler counts on it no more
  run_id run;
  function_id function;
  worker_id source;
  std::int32_t priority = 0;
  std::int64_t turn = 0; ///< among those that are ready; the lowest runs first
  std::uint32_t missing_inputs = 0;
  std::uint32_t readers = 0; ///< tasks here that wait or are ready and have it as an input
  instant deadline;          ///< of what was asked for it or about it
  body_ptr body;
  value_ptr value;
  inline_list<task_id, 2> inputs;
  inline_list<task_id, 1> consumers;      ///< tasks here that wait for this value
  inline_list<requester_id, 1> questions; ///< held until the value is here
};

/// Decides what one worker does: what runs next, which inputs are fetched from whom, what is answered to
/// whom. Without threads, clock or I/O; whoever owns it holds a lock around every call. Deterministic: same
/// calls, same commands.
///
/// It always holds that
/// – a task is `waiting` exactly while it has missing inputs, each of which has a row that lists it as a
/// consumer; – a row that is `expected` has questions or consumers, and a deadline; – each give_back_task is
/// answered once, with task_given_back or task_kept.
class worker_state {
 public:
  explicit worker_state(worker_id self) : self_(self) {}

  worker_id self() const noexcept { return self_; }

  void step(instant now, worker_event&& event, worker_commands& commands);

  /// The next task to run, if there is one; it counts as running from now on.
  std::optional<ready_task> take(worker_commands& commands);
  /// Takes tasks while their expected times add up to less than `budget` nanoseconds, at most `most` tasks
  /// and at least one if there is any; a task that must be announced comes alone. Returns the sum of those
  /// times; 0 if it is not known how long they take.
  std::int64_t take_several(std::int64_t budget, std::size_t most, std::vector<ready_task>& taken,
                            worker_commands& commands);

  /// When tick wants to be called; nothing if there is nothing to wait for.
  std::optional<instant> next_deadline() const;
  void tick(instant now, worker_commands& commands);

  // -- observers
  // -------------------------------------------------------------------------------------------------

  std::size_t ready_count() const noexcept { return ready_count_; }
  std::size_t running_count() const noexcept { return running_count_; }
  /// Tasks here that have an input to come.
  std::size_t blocked_count() const noexcept { return blocked_count_; }
  std::uint64_t stored_bytes() const noexcept { return stored_bytes_; }
  const worker_task* find(task_id task) const { return tasks_.find(task); }
  std::size_t row_count() const noexcept { return tasks_.size(); }
  /// The tasks on threads, in the order of ids.
  std::vector<task_id> running_tasks();
  /// Calls visit(task_id, const worker_task&) in the order of ids.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    tasks_.for_each([&](task_id id, worker_task& row) { visit(id, std::as_const(row)); });
  }
  /// Stops the program, with a sentence, if an invariant does not hold. Slow; for tests.
  void check_invariants();

 private:
  void on(instant now, compute_task& event, worker_commands& commands);
  void on(instant now, give_back_task& event, worker_commands& commands);
  void on(instant now, drop_replica& event, worker_commands& commands);
  void on(instant now, input_located& event, worker_commands& commands);
  void on(instant now, acquire_replica& event, worker_commands& commands);
  void on(instant now, peer_introduced& event, worker_commands& commands);
  void on(instant now, peer_lost& event, worker_commands& commands);
  void on(instant now, leave& event, worker_commands& commands);
  void on(instant now, task_named& event, worker_commands& commands);
  void on(instant now, run_finished& event, worker_commands& commands);
  void on(instant now, run_failed& event, worker_commands& commands);
  void on(instant now, run_abandoned& event, worker_commands& commands);
  void on(instant now, run_seceded& event, worker_commands& commands);
  void on(instant now, run_rejoined& event, worker_commands& commands);
  void on(instant now, value_requested& event, worker_commands& commands);
  void on(instant now, value_put& event, worker_commands& commands);
  void on(instant now, value_arrived& event, worker_commands& commands);
  void on(instant now, value_moved& event, worker_commands& commands);
  void on(instant now, value_refused& event, worker_commands& commands);
  void on(instant now, peer_unreachable& event, worker_commands& commands);
  void on(instant now, requester_gone& event, worker_commands& commands);

  worker_task& row_for(task_id task);
  void change(worker_task& row, worker_task::phase to);
  void make_ready(task_id task, worker_task& row, worker_commands& commands);
  void store(task_id task, worker_task& row, value_ptr value, worker_commands& commands);
  void fetch(instant now, task_id task, worker_task& row, worker_id from, worker_commands& commands);
  void ask_where(instant now, task_id task, worker_task& row, worker_commands& commands);
  void ask_where_all_from(instant now, worker_id lost, worker_commands& commands);
  void give_back(inline_list<task_id, 1> first, worker_commands& commands);
  void end_reading(task_id task, worker_task& row, worker_commands& commands);
  void forget_inputs(task_id task, worker_task& row, worker_commands& commands);
  void answer_moved(task_id task, worker_task& row, worker_commands& commands);
  void end_row(task_id task, worker_task& row, worker_commands& commands);
  void end_attempt(instant now, task_id task, worker_task& row, worker_commands& commands);
  void set_deadline(instant now, task_id task, worker_task& row);
  void measure(function_id function, std::int64_t duration);
  std::int64_t expected_time(function_id function) const;
  worker_task* next_ready(task_id& task);
  void start(task_id task, worker_task& row, ready_task& taken, worker_commands& commands);

  worker_id self_;
  task_table<worker_task, 6> tasks_;
  run_queue ready_;
  std::int64_t next_turn_ = 1;   // of those that came, in the order of the scheduler's decisions
  std::int64_t next_ahead_ = -1; // of those that go before all
  std::deque<std::pair<instant, task_id>> deadlines_; // all waits are equally long, so this is in order
  std::map<task_id, std::string> keys_;               // the user's, of the tasks that have one
  std::vector<bool> waits_;                           // by function: inside, for other tasks
  std::vector<std::int64_t> mean_times_;              // by function; 0: not measured
  std::size_t ready_count_ = 0;
  std::size_t running_count_ = 0;
  std::size_t blocked_count_ = 0;
  std::size_t waiting_count_ = 0; // of the running: wait inside for others
  std::uint64_t stored_bytes_ = 0;
  std::uint64_t drops_heard_ = 0;
};

} // namespace weft::detail
