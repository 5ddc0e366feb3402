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
  pending,    ///< not yet computed
  lost,       ///< was finished; its worker is gone, and it is being computed again
  elsewhere,  ///< finished; the value is at a worker and can be fetched
  here,       ///< finished; the value is in this slot
  failed,     ///< has a failure
  cancelled,  ///< has a failure that says why
  taken,      ///< the value was moved out by take()
};

/// One future's place in its client's slab. The handles count it; `status` is written last, with release order, so
/// that whoever reads `here` or `failed` may read value and failure without the lock. All else is the machine's.
struct future_slot {
  std::atomic<std::uint32_t> handles{1};
  std::atomic<slot_status> status{slot_status::pending};
  bool fetching = false;     ///< the value was asked for
  bool fetch_wanted = false; ///< somebody sleeps on the value; ask as soon as it is known where it is
  bool scattered = false;
  run_id run;                ///< of the accepted result
  worker_id worker;          ///< who has it
  function_id function;
  std::uint64_t nbytes = 0;
  value_ptr value;
  failure_ptr failure;
  inline_list<std::uint64_t, 1> watchers; ///< numbers of as_completed and wait calls, and callbacks
  std::unique_ptr<std::string> key;       ///< the user's own
};

/// What the holder's machine wants done. The caller empties it.
struct holder_commands {
  std::vector<scheduler_event> to_scheduler;
  std::vector<transfer_command> to_peers;
  std::vector<std::pair<worker_id, attributes_ptr>> introductions; ///< for those who move data
  std::vector<worker_id> departures;
  std::vector<task_id> changed;                 ///< slots whose status changed: wake who sleeps on them
  std::vector<std::pair<std::uint64_t, task_id>> completed; ///< watcher, task: done, or its value arrived, or failed
  std::vector<holder_event> answers;            ///< take_answered, task_explained and descriptions, for who asked
  std::vector<value_ptr> garbage;               ///< to be freed outside the lock: destructors are user code
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

/// Decides about one client's futures: gives them ids, tells the scheduler what is wanted and no longer wanted, takes
/// in results, fetches values. Without threads, clock or I/O; the client's mutex is held around every call. User
/// threads call submit, release, cancel and so on; the holder's actor calls step.
///
/// It always holds that
/// – a slot lives while a handle does, and its release is said to the scheduler once;
/// – a status that is failed, cancelled or taken never changes again: no value is delivered after a cancel;
/// – a result of an older run than the accepted one changes nothing.
class holder_state {
 public:
  explicit holder_state(client_id self) : self_(self) {}

  client_id self() const noexcept { return self_; }

  /// A new future with one handle. Throws key_conflict where this client uses the key already, cancelled_error after
  /// close. An input that has failed or been cancelled fails the task at once, with the root's error.
  task_id submit(submission&& what, holder_commands& commands);
  /// A future of a datum, which goes to a worker of `workers` (names; empty: any), in turn; while there is none, it
  /// waits here.
  task_id scatter(value_ptr value, demands_ptr demands, holder_commands& commands);
  /// The last handle is gone; the slot ends.
  void release(task_id task, holder_commands& commands);
  /// Nothing happens to one that is failed, cancelled or taken.
  void cancel(task_id task, const std::string& reason, holder_commands& commands);
  /// The value is wanted here; it comes as a change of status to `here` (or failed).
  void want_value(task_id task, holder_commands& commands);
  /// Asks whether the value may be moved out; answered by take_answered.
  void ask_take(task_id task, holder_commands& commands);
  /// Moves the value out after take_answered granted it. The status becomes `taken`.
  value_ptr take(task_id task, holder_commands& commands);
  /// `completed` will name (watcher, task) once, as soon as the task is done: at once if it is. With `value`, only once
  /// the value is here (or it failed); it is fetched.
  void watch(task_id task, std::uint64_t watcher, bool value, holder_commands& commands);
  void unwatch(task_id task, std::uint64_t watcher);
  /// No more submissions; what is not done is cancelled with this reason.
  void close(const std::string& reason, holder_commands& commands);

  void step(holder_event&& event, holder_commands& commands);

  // -- observers -------------------------------------------------------------------------------------------------

  future_slot* find(task_id task) { return slots_.find(task); }
  const future_slot* find(task_id task) const { return slots_.find(task); }
  std::size_t slot_count() const noexcept { return slots_.size(); }
  /// Submitted and not done.
  std::uint64_t pending_count() const noexcept { return pending_; }
  /// Bytes of their bodies.
  std::uint64_t pending_bytes() const noexcept { return pending_bytes_; }
  bool closed() const noexcept { return closed_; }
  /// Workers known, by id: name, threads and so on.
  const std::map<worker_id, attributes_ptr>& workers() const noexcept { return workers_; }

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
  void on(fetch_refused& event, holder_commands& commands);

  client_id self_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t pending_ = 0;
  std::uint64_t pending_bytes_ = 0;
  bool closed_ = false;
  task_table<future_slot, 10> slots_;
  std::map<std::string, task_id> keys_;
  std::map<worker_id, attributes_ptr> workers_;
  worker_id last_scattered_to_;
  std::vector<task_id> homeless_; // scattered data that waits for a worker
};

} // namespace weft::detail
