#pragma once

#include "runtime/core/inline_list.hpp"
#include "runtime/core/task_table.hpp"
#include "runtime/holder/protocol.hpp"
#include "runtime/scheduler/protocol.hpp"
#include "runtime/worker/protocol.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft::detail {

/// What anybody can see of a future without a lock.
enum class slot_status : std::uint32_t {
  pending,   ///< not yet computed
  lost,      ///< was finished; its worker is gone, and it is being computed again
  elsewhere, ///< finished; the value is at a worker and can be fetched
  here,      ///< finished; the value is in this slot
  refused,   ///< finished; the value is at a worker and cannot come here: holder_state::refusal_of says why
  failed,    ///< has a failure
  cancelled, ///< has a failure that says why
  taken,     ///< the value was moved out by take()
};

/// Whom to tell when a task is done: the number of an as_completed, of a wait or of a callback.
struct slot_watcher {
  std::uint64_t number : 63;
  std::uint64_t value : 1; ///< only when the value is here, or there will be none
};

/// How far a wish to move the value out has come. From `asked` on, no new task can have it as an input.
enum class take_state : std::uint8_t { none, asked, granted };

/// One future's place in its client's slab. The handles count it; `status` is written last, with release
/// order, so that whoever reads `here` or `failed` may read value and failure without the lock: they do not
/// change after that (a cancelled future keeps a value that was published, somebody may be reading it). All
/// else is the machine's.
struct future_slot {
  std::atomic<std::uint32_t> handles{1};
  std::atomic<slot_status> status{slot_status::pending};
  bool known : 1 = false;        ///< the scheduler was told of it and not yet of its release
  bool counted : 1 = true;       ///< in pending_count() and pending_bytes()
  bool fetching : 1 = false;     ///< it was asked for at `worker`; none: the scheduler was asked where it is
  bool fetch_wanted : 1 = false; ///< somebody sleeps on the value; ask as soon as it is known where it is
  bool scattered : 1 = false;    ///< `value` is kept from the start until a worker has stored it
  bool leaving : 1 = false;      ///< no handle is left, but the datum has not been stored yet
  take_state take = take_state::none;
  bool keyed = false; ///< from the start: the user gave it a key, see users_key
  run_id run;         ///< of the accepted result
  worker_id worker;   ///< who has it, or is to store it; none: not known
  function_id function;
  std::uint64_t nbytes = 0; ///< while it counts as pending, of the body; then of the value
  value_ptr value;
  failure_ptr failure;
  inline_list<slot_watcher, 1> watchers;
};

/// Finished, failed or cancelled: whoever waits for it need not wait longer.
constexpr bool is_done(slot_status status) noexcept {
  return status != slot_status::pending && status != slot_status::lost;
}

/// There will be no value any more.
constexpr bool is_final(slot_status status) noexcept {
  return status == slot_status::failed || status == slot_status::cancelled || status == slot_status::taken;
}

/// Who wants the value has, as things are, all that will come. A refused one may still be computed again
/// elsewhere.
constexpr bool is_answered(slot_status status) noexcept {
  return status == slot_status::here || status == slot_status::refused || is_final(status);
}

/// What the holder's machine wants done. The caller empties it.
struct holder_commands {
  std::vector<scheduler_event> to_scheduler;
  std::vector<transfer_command> to_peers;
  std::vector<std::pair<worker_id, attributes_ptr>> introductions; ///< for those who move data
  std::vector<worker_id> departures;
  std::vector<task_id> changed; ///< slots whose status changed: wake who sleeps on them
  /// Watcher and task: it is done, or its value arrived or will not come.
  std::vector<std::pair<std::uint64_t, task_id>> completed;
  std::vector<holder_event> answers; ///< take_answered, task_explained and descriptions, for who asked
  std::vector<value_ptr> garbage;    ///< to be freed outside the lock: destructors are user code
};

/// What `submit` hands over.
struct submission {
  function_id function;
  std::int32_t priority = 0;
  std::uint32_t retries = 0;
  body_ptr body;
  inline_list<task_id, 2> inputs; ///< in the order in which the body numbers them, each once
  demands_ptr demands;
};

/// Decides about one client's futures: gives them ids, tells the scheduler what is wanted and no longer
/// wanted, takes in results, fetches values. Without threads, clock or I/O; the client's mutex is held around
/// every call. User threads call submit, release, cancel and so on; the holder's actor calls step.
///
/// It always holds that
/// – a slot lives while a handle does (a scattered datum also until it is stored), and its release is said to
/// the scheduler once;
///
/// – a status that is failed, cancelled or taken never changes again: no value is delivered after a cancel;
///
/// – a result of an older run than the accepted one changes nothing.
class holder_state {
 public:
  /// `owner` is what `owner_of` says of its slots.
  explicit holder_state(client_id self, void* owner = nullptr) : self_(self), slots_(owner) {}

  /// Of a slot of any holder, for as long as the slot lives. Thread-safe.
  static void* owner_of(const future_slot& slot, task_id task) noexcept {
    return slots::owner_of(slot, task);
  }

  client_id self() const noexcept { return self_; }

  /// A new future with one handle. Throws key_conflict where this client uses the key already,
  /// cancelled_error after close, connection_error after the scheduler was lost; then nothing of `what` was
  /// taken. An input that has failed or been cancelled fails the task at once, with the root's error; so does
  /// one that does not exist (cancelled), and the scheduler hears nothing of it.
  task_id submit(submission&& what, holder_commands& commands);
  /// A future of a datum, which goes to the workers in turn, or to those that `demands` (may be null) names;
  /// while there is none, it waits here. Throws as submit does.
  task_id scatter(value_ptr value, demands_ptr demands, holder_commands& commands);
  /// The last handle is gone; the slot ends. Its watchers hear nothing.
  void release(task_id task, holder_commands& commands);
  /// Nothing happens to one that is failed, cancelled or taken. A finished one is cancelled too, as in Dask.
  void cancel(task_id task, const std::string& reason, holder_commands& commands);
  /// The value is wanted here; it comes as a change of status to `here` (or refused, or failed).
  void want_value(task_id task, holder_commands& commands);
  /// Asks whether the value may be moved out; answered by take_answered: not granted while another task needs
  /// it, or where the status is not `here`. From now on until it is refused, no new task can have it as an
  /// input.
  void ask_take(task_id task, holder_commands& commands);
  /// Moves the value out after take_answered granted it, and releases the task. The status becomes `taken`.
  /// Null if it was cancelled meanwhile.
  value_ptr take(task_id task, holder_commands& commands);
  /// `completed` will name (watcher, task) once, as soon as the task is done: at once if it is. With `value`,
  /// only once the value is here (or will not come); it is fetched. Watching twice completes twice. Watchers
  /// are below 2^63.
  void watch(task_id task, std::uint64_t watcher, bool value, holder_commands& commands);
  /// It will not be named any more, however often it watches.
  void unwatch(task_id task, std::uint64_t watcher);
  /// No more submissions; what has no value here is cancelled with this reason, and everything is released.
  void close(const std::string& reason, holder_commands& commands);

  void step(holder_event&& event, holder_commands& commands);

  // -- observers ------------------------------------------------------------------------------------------

  future_slot* find(task_id task) { return slots_.find(task); }
  const future_slot* find(task_id task) const { return slots_.find(task); }
  /// Why the value cannot come here, of a slot that is `refused`; else null. Not in the slot: it may be there
  /// for a while only, and what a slot shows without a lock does not change.
  failure_ptr refusal_of(task_id task) const;
  /// Of a slot that is `keyed`; valid as long as it.
  const std::string& users_key(task_id task) const { return *keys_of_tasks_.at(task); }
  std::size_t slot_count() const noexcept { return slots_.size(); }
  /// Submitted and not done.
  std::uint64_t pending_count() const noexcept { return pending_; }
  /// Bytes of their bodies.
  std::uint64_t pending_bytes() const noexcept { return pending_bytes_; }
  bool closed() const noexcept { return closed_; }
  /// Closed, or without a scheduler: nothing will be answered any more.
  bool ended() const noexcept { return closed_ || scheduler_lost_; }
  /// Throws cancelled_error or connection_error if it has.
  void require_not_ended() const;
  /// Workers known, by id: name, threads and so on.
  const std::map<worker_id, attributes_ptr>& workers() const noexcept { return workers_; }
  /// Stops the program, with a sentence, if an invariant does not hold. Slow; for tests.
  void check_invariants();

 private:
  void on(result_ready& event, holder_commands& commands);
  void on(result_failed& event, holder_commands& commands);
  void on(result_lost& event, holder_commands& commands);
  void on(scatter_again& event, holder_commands& commands);
  void on(take_answered& event, holder_commands& commands);
  void on(task_explained& event, holder_commands& commands);
  void on(holders_described& event, holder_commands& commands);
  void on(cluster_described& event, holder_commands& commands);
  void on(worker_introduced& event, holder_commands& commands);
  void on(worker_gone& event, holder_commands& commands);
  void on(scheduler_lost& event, holder_commands& commands);
  void on(value_fetched& event, holder_commands& commands);
  void on(value_unreachable& event, holder_commands& commands);
  void on(worker_unreachable& event, holder_commands& commands);
  void on(fetch_refused& event, holder_commands& commands);

  task_id new_task(const demands_ptr& demands);
  failure_ptr failure_of_inputs(const submission& what) const;
  void publish(task_id task, future_slot& slot, slot_status status, holder_commands& commands);
  void fail(task_id task, future_slot& slot, failure_ptr why, holder_commands& commands);
  void refuse(task_id task, future_slot& slot, failure_ptr why, holder_commands& commands);
  void finish(task_id task, future_slot& slot, value_ptr value, holder_commands& commands);
  void fetch(task_id task, future_slot& slot, holder_commands& commands);
  void uncount(future_slot& slot);
  void release_at_scheduler(task_id task, future_slot& slot, holder_commands& commands);
  void end_without_scheduler(task_id task, future_slot& slot, const failure_ptr& why,
                             holder_commands& commands);
  void answer_take(task_id task, future_slot& slot, bool granted, holder_commands& commands);
  void put_somewhere(task_id task, future_slot& slot, holder_commands& commands);
  void put(task_id task, future_slot& slot, holder_commands& commands);
  void tell_scattered(task_id task, const future_slot& slot, holder_commands& commands);
  value_ptr keep_scattered(future_slot& slot, worker_id worker, holder_commands& commands);
  worker_id choose_worker(const demands_ptr& demands) const;

  using slots = task_table<future_slot, 10>;

  client_id self_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t pending_ = 0;
  std::uint64_t pending_bytes_ = 0;
  bool closed_ = false;
  failure_ptr scheduler_lost_; // how, once it is
  slots slots_;
  std::map<std::string, task_id> keys_;
  std::map<task_id, const std::string*> keys_of_tasks_; // in keys_
  std::map<task_id, failure_ptr> refusals_;             // of the slots that are refused
  std::map<worker_id, attributes_ptr> workers_;
  worker_id last_scattered_to_;
  std::map<task_id, demands_ptr>
      in_transit_; // scattered data that no worker has stored yet; maybe waiting for one
};

} // namespace weft::detail
