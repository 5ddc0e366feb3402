#pragma once

#include "runtime/core/functions.hpp"
#include "runtime/core/inline_list.hpp"
#include "runtime/core/priority_queue.hpp"
#include "runtime/core/task_table.hpp"
#include "runtime/scheduler/commands.hpp"
#include "runtime/scheduler/protocol.hpp"
#include "runtime/scheduler/scheduler_settings.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft::detail {

/// What few tasks have, kept apart so that the others stay small.
struct task_extras {
  demands_ptr demands;
  std::uint32_t retries_left = 0;
  failure_ptr failure; ///< of a failed task; of another one why the last of `refused_by` cannot run it
  /// Workers that lack a module of the functions among what the task is to be called with. Which modules
  /// these are is not known here: only who decodes the task finds that out.
  std::vector<worker_id> refused_by;
  inline_list<worker_id, 2>
      replicas; ///< workers with a copy besides task_record::worker; may outlive a lost original
  inline_list<worker_id, 1> askers; ///< workers that could not get the value and wait to hear where it is
  /// Workers that were told to drop a copy of which a report may still come, and how many such orders each
  /// had got by then: a report from before that is about a copy that is gone.
  std::vector<std::pair<worker_id, std::uint64_t>> dropped;
  worker_id copying_to; ///< was told to fetch a copy, because the holder retires
  bool copied = false;  ///< some worker ever was; it reports a copy that it had already a second time
};

/// Nanoseconds: in which work is counted where many numbers are kept.
constexpr std::int64_t tick = 64;

/// The scheduler's row about a task.
struct task_record {
  enum class phase : std::uint8_t {
    waiting,  ///< some inputs are not placed
    ready,    ///< all inputs are placed; waits for room in a worker's window
    assigned, ///< to `worker`, under `run`
    memory,   ///< `worker` holds the value, and maybe others
    failed,   ///< for good; cancelled tasks too
    released, ///< its value is not needed; kept because a dependent may have to be computed again
  };
  enum class ask : std::uint8_t { none, back, abort };

  phase is : 4 = phase::waiting;
  ask asked : 4 = ask::none;    ///< a give_back_task is on its way and has not been answered
  bool wanted : 1 = true;       ///< the client has a handle
  bool outstanding : 1 = false; ///< `worker` has the task in its tables; its window counts it
  bool suspected : 1 = false;   ///< it was assigned to a worker that died: announce it next time
  bool started : 1 = false;     ///< the worker announced that this run runs
  bool kept : 1 = false;        ///< its worker said that it runs or has run, whatever becomes of its inputs
  bool seceded : 1 = false;     ///< it waits inside for other tasks; its worker's window does not count it
  bool stolen : 1 = false;      ///< asked back for an idle worker: place it away from its inputs
  bool ahead : 1 = false;       ///< was assigned before its inputs were in memory
  bool scattered : 1 = false;   ///< has no body: it cannot be computed again
  std::uint8_t deaths = 0;      ///< workers that died while they ran it, or may have (only of the first)
  run_id run;
  worker_id worker;
  function_id function;
  std::int32_t priority = 0;
  std::uint32_t unplaced_inputs = 0;  ///< while active: inputs neither assigned nor in memory
  std::uint32_t active_consumers = 0; ///< dependents that are waiting, ready or assigned
  std::uint32_t live_dependents = 0;  ///< dependents that have a record
  std::uint32_t load = 0;             ///< ticks that its worker's window counts it for, while outstanding
  std::uint32_t queue_end = 0;        ///< the lower half of its worker's when it was the last there
  std::uint64_t nbytes = 0;           ///< of the value
  body_ptr body;
  inline_list<task_id, 2> inputs;
  inline_list<task_id, 1> dependents; ///< may name tasks that are forgotten by now
  std::unique_ptr<task_extras> extras;

  /// Whether it may still read its inputs.
  bool active() const noexcept { return is == phase::waiting || is == phase::ready || is == phase::assigned; }
  /// Whether a dependent may be assigned.
  bool placed() const noexcept { return is == phase::assigned || is == phase::memory; }
};

/// The scheduler's row about a worker.
struct worker_record {
  bool live = false;
  bool retiring = false;
  bool dismissed = false;        ///< told to leave
  bool in_open = false;          ///< listed in scheduler_state's open_
  bool overfull = false;         ///< counted in scheduler_state's overfull_count_
  std::uint32_t threads = 0;     ///< of the attributes, which are further away
  std::uint32_t outstanding = 0; ///< tasks in its tables
  std::uint32_t seceded = 0;     ///< those of them that wait inside for other tasks
  std::int64_t load = 0;         ///< nanoseconds of work among them
  std::int64_t load_ahead = 0;   ///< that part of it that was assigned before its inputs were in memory
  std::uint64_t queue_end = 0;   ///< ticks of work that it was ever given
  std::uint64_t memory = 0;      ///< bytes, as it last said
  std::uint64_t drops = 0;       ///< drop_replica orders that it was sent
  std::vector<std::pair<task_id, run_id>> assignments; ///< oldest first; may name what is settled by now
  priority_queue own; ///< ready tasks that must, or had better, run here; may name what is settled by now
  attributes_ptr attributes;
  std::vector<bool> acquaintances; ///< by worker id: the live ones that it was introduced to

  /// Tasks that want a thread.
  std::uint32_t queued() const noexcept { return outstanding - seceded; }
  /// Nanoseconds until it has done what it was given up to this queue_end, of which the lower half is enough.
  std::int64_t time_until(std::uint32_t end) const {
    const auto done = queue_end - static_cast<std::uint64_t>(load / tick);
    const auto ahead = static_cast<std::int32_t>(end - static_cast<std::uint32_t>(done));
    return shared_out(std::max<std::int64_t>(ahead, 0) * tick);
  }
  /// Nanoseconds that its threads take for so much work.
  std::int64_t shared_out(std::int64_t work) const noexcept {
    return work / std::max<std::uint32_t>(threads, 1);
  }
  /// Whether a thread has nothing to do.
  bool has_spare_thread() const { return queued() < threads; }
};

/// Decides what runs where: knows tasks, edges, who wants what and who has what. Without threads, clock or
/// I/O, and deterministic: the same events give the same commands. Events are taken one by one with `step`,
/// placement happens once per batch in `settle`.
///
/// It always holds that
/// – what is assigned has all its inputs assigned or in memory (or has been asked back);
/// – a run number is used for one assignment only, and a report of another run changes nothing;
/// – a value is dropped only when no client wants it and no active task reads it;
/// – a record is forgotten only when nobody wants it, no record depends on it and no worker has it.
class scheduler_state {
 public:
  explicit scheduler_state(const function_directory& functions, scheduler_settings settings = {})
      : functions_(functions), settings_(settings) {}

  void step(scheduler_event&& event, scheduler_commands& commands);
  void settle(scheduler_commands& commands);

  // -- observers
  // -------------------------------------------------------------------------------------------------

  const task_record* find(task_id task) const { return tasks_.find(task); }
  const worker_record* find(worker_id worker) const {
    return worker.value < workers_.size() ? &workers_[worker.value] : nullptr;
  }
  std::size_t task_count() const noexcept { return tasks_.size(); }
  std::size_t live_workers() const noexcept { return live_count_; }
  /// The worker of this name, or none.
  worker_id worker_named(const std::string& name) const;
  /// The task's key as people see it.
  std::string key_of(task_id task) const;
  /// Why the task does not run, or what it does, in one sentence; see task_explained for `stuck`.
  struct explanation {
    std::string sentence{};
    bool stuck = false;
  };
  explanation explain(task_id task) const;
  template <class Visitor>
  void for_each_task(Visitor&& visit) {
    tasks_.for_each([&](task_id id, task_record& record) { visit(id, std::as_const(record)); });
  }
  /// Stops the program, with a sentence, if an invariant does not hold. Slow; for tests.
  void check_invariants();

 private:
  using record = task_record;
  using phase = task_record::phase;
  using ask = task_record::ask;

  // scheduler_state.cpp: what clients say
  void on(submit_task& event, scheduler_commands& commands);
  void on(fail_task& event, scheduler_commands& commands);
  void on(release_task& event, scheduler_commands& commands);
  void on(client_joined& event, scheduler_commands& commands);
  void on(client_left& event, scheduler_commands& commands);
  void on(scatter_task& event, scheduler_commands& commands);
  void on(cancel_task& event, scheduler_commands& commands);
  void on(locate_value& event, scheduler_commands& commands);
  void on(take_value& event, scheduler_commands& commands);
  void on(explain_task& event, scheduler_commands& commands);
  void on(describe_holders& event, scheduler_commands& commands);
  void on(describe_cluster& event, scheduler_commands& commands);

  explanation explain_ready(const record& row) const;
  bool is_early(task_id task) const;
  void note_sequence(task_id task);
  failure_ptr take_key(task_id task, record& row, const demands_ptr& demands);
  bool is_made_up(const std::string& key) const;
  void not_wanted(task_id task, record& row);
  bool answer_take(task_id task, scheduler_commands& commands);

  // scheduler_workers.cpp: what workers say
  void on(retire_worker& event, scheduler_commands& commands);
  void on(worker_joined& event, scheduler_commands& commands);
  void on(worker_lost& event, scheduler_commands& commands);
  void on(task_started& event, scheduler_commands& commands);
  void on(task_finished& event, scheduler_commands& commands);
  void on(task_failed& event, scheduler_commands& commands);
  void on(task_given_back& event, scheduler_commands& commands);
  void on(task_kept& event, scheduler_commands& commands);
  void on(task_seceded& event, scheduler_commands& commands);
  void on(task_rejoined& event, scheduler_commands& commands);
  void on(replica_added& event, scheduler_commands& commands);
  void on(input_unreachable& event, scheduler_commands& commands);
  void on(worker_reported& event, scheduler_commands& commands);

  void introduce(worker_id peer, worker_id to, scheduler_commands& commands);

  // scheduler_transitions.cpp: what follows for tasks
  void activate(task_id task, record& row);
  void deactivate(record& row);
  void placed(record& row);
  void unplaced(record& row, scheduler_commands& commands);
  void try_again(task_id task, record& row, scheduler_commands& commands);
  void ask_back(task_id task, record& row, ask how, scheduler_commands& commands);
  void abandon(task_id task, record& row, scheduler_commands& commands);
  void abandoned(task_id task, record& row);
  void put_again(task_id task, record& row, scheduler_commands& commands);
  void settle_assignment(record& row);
  void occupy(record& row);
  void vacate(record& row);
  void accept_value(task_id task, record& row, worker_id holder, value_ptr value,
                    scheduler_commands& commands);
  void lose_replica(task_id task, record& row, worker_id worker, scheduler_commands& commands);
  void lose_value(task_id task, record& row, scheduler_commands& commands);
  void fail(task_id task, record& row, const failure_ptr& why, scheduler_commands& commands);
  void release_if_unneeded(task_id task, record& row, scheduler_commands& commands);
  void forget_if_unneeded(task_id task, record& row);
  void drop_replicas(task_id task, record& row, scheduler_commands& commands);
  void drop(task_id task, worker_id worker, scheduler_commands& commands);
  void drop_unreported(task_id task, record* row, worker_id worker, scheduler_commands& commands);
  bool is_outdated(record& row, const replica_added& report);
  void answer_askers(task_id task, record& row, scheduler_commands& commands);
  void drain(scheduler_commands& commands);
  bool holds(const record& row, worker_id worker) const;
  void notify(task_id task, holder_event&& event, scheduler_commands& commands);
  bool is_live(worker_id worker) const { return find(worker) && find(worker)->live; }
  // What reaches a worker that was told to leave is lost with it.
  bool accepts_data(worker_id worker) const { return is_live(worker) && !find(worker)->dismissed; }
  record* outstanding_at(task_id task, worker_id worker, run_id run);
  static const std::string* users_key(const record& row);
  failure_ptr with_names(const record& row, task_id task, worker_id worker, const failure_ptr& why) const;
  task_extras& extras_of(record& row);

  // placement.cpp
  void make_ready(task_id task, record& row, bool in_front);
  void route_restricted(task_id task, record& row);
  void requeue_for(worker_id joined);
  void note_room(worker_id worker);
  void note_load(worker_record& worker);
  bool work_waits();
  bool has_room(const worker_record& worker) const;
  worker_id preferred_by_inputs(const record& row) const;
  bool waits_for_inputs(const record& row) const;
  record* ready_front(priority_queue& queue);
  bool give_work(worker_id worker, scheduler_commands& commands);
  bool give_turn(worker_id worker, scheduler_commands& commands);
  void assign(task_id task, record& row, worker_id worker, scheduler_commands& commands);
  worker_id longest_queue() const;
  bool take_from(worker_id victim, worker_id thief, scheduler_commands& commands);
  void steal(scheduler_commands& commands);
  void advance_retirements(scheduler_commands& commands);
  bool may_run_on(const record& row, worker_id worker) const;

  // known_functions.cpp
  bool has_module(const worker_record& worker, module_id module) const;
  bool can_call(const worker_record& worker, function_id function) const;
  failure_ptr mismatch(const record& row, const std::string& whom,
                       const std::vector<worker_id>& workers) const;
  failure_ptr mismatch_of_asked(const record& row) const;
  bool has_refused(const record& row, worker_id worker) const;
  void refuse(task_id task, record& row, worker_id worker, const failure_ptr& why,
              scheduler_commands& commands);
  failure_ptr refusal_of_all(task_id task, const record& row) const;

  // How long a function takes.
  struct function_record {
    std::int64_t mean_time = 0; // nanoseconds, of its own; 0: not measured
    bool waits = false;         // inside, for other tasks: how long that takes is not known
  };
  // Which live workers can call a function.
  enum class spread : std::uint8_t { unknown, everywhere, somewhere, nowhere };

  function_record& function(function_id id);
  std::int64_t expected_time(function_id function) const;
  bool is_measured(function_id function) const;
  void measure(function_id function, std::int64_t duration);
  spread spread_of(function_id function);
  bool is_restricted(const record& row);
  // Each task that waits inside costs a thread, and what it waits for is among the latest: a recursion goes
  // deep before it goes broad, or thousands would wait at once.
  bool goes_deep() const noexcept { return total_seceded_ > settings_.many_waits; }

  struct client_record {
    bool joined = false;
    std::uint64_t last_sequence = 0; // of the tasks that it told of; they come in order
  };
  struct early_datum {
    worker_id worker;
    value_ptr value;
  };

  const function_directory& functions_;
  scheduler_settings settings_;
  task_table<record, 10> tasks_;
  std::vector<worker_record> workers_;            // by worker id; [0] is nobody
  std::vector<client_record> clients_;            // by client id
  std::map<task_id, early_datum> early_;          // came to a worker before its client said so
  std::map<std::string, task_id> keys_;           // the users' own keys, while their tasks live
  std::vector<function_record> function_records_; // by function
  std::vector<spread> spreads_;                   // by function; void when a worker joins or leaves
  priority_queue ready_;                          // tasks that any worker may run; entries may be out of date
  std::vector<task_id> unplaceable_;              // ready, but no live worker may run them
  std::deque<worker_id> open_;                    // workers that may have room, in turn
  std::vector<worker_id> idle_;                   // had room and found no work in this settle
  std::vector<worker_id> crowded_;                // have room, but no thread to spare
  std::vector<task_id> to_release_; // work lists: recursion over a graph would overflow the stack
  std::vector<std::pair<task_id, failure_ptr>> to_fail_;
  std::vector<task_id> takes_; // not answered yet
  std::size_t live_count_ = 0;
  std::size_t total_outstanding_ = 0;
  std::size_t total_seceded_ = 0;
  std::size_t retiring_count_ = 0;
  std::size_t overfull_count_ = 0; // workers with more than their threads do, enough to be stolen from
  bool own_queues_used_ = false;   // some worker's `own` may have entries
  bool takes_moved_ = false;       // a run ended, or was lost
  bool retirement_moved_ = false;  // something happened that a retiring worker may have waited for
};

} // namespace weft::detail
