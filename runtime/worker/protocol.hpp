#pragma once

#include "runtime/core/inline_list.hpp"
#include "runtime/core/members.hpp"

#include <weft/detail/failure.hpp>
#include <weft/detail/task_body.hpp>
#include <weft/detail/value.hpp>
#include <weft/ids.hpp>

#include <cstdint>
#include <string>
#include <variant>

/// What a worker hears: from the scheduler, from its executor threads, and from those who move data.
namespace weft::detail {

/// Where an input is, or will be: the worker that holds it or that computes it.
struct input_location {
  task_id task;
  worker_id worker;
  WEFT_MEMBERS(input_location, task, worker)
};
using input_locations = inline_list<input_location, 2>;

// -- from the scheduler
// ----------------------------------------------------------------------------------------

/// Run this when its inputs are there. `inputs` are in the order in which the body numbers them, each task
/// once.
struct compute_task {
  task_id task;
  run_id run;
  function_id function;
  std::int32_t priority = 0;
  bool announce = false; ///< report task_started before it runs: the task is suspected of killing workers
  body_ptr body;
  input_locations inputs;
  WEFT_MEMBERS(compute_task, task, run, function, priority, announce, body, inputs)
};

/// Is answered by exactly one of task_given_back and task_kept. With `abort` the task is not wanted any more:
/// if it is running, its stop token is set, its result discarded, and it counts as given back when it
/// returns.
struct give_back_task {
  task_id task;
  run_id run;
  bool abort = false;
  WEFT_MEMBERS(give_back_task, task, run, abort)
};

/// Nobody needs this value any more.
struct drop_replica {
  task_id task;
  WEFT_MEMBERS(drop_replica, task)
};

/// The answer to input_unreachable: ask there.
struct input_located {
  task_id task;
  worker_id worker;
  WEFT_MEMBERS(input_located, task, worker)
};

/// Fetch a copy of a value and keep it: its holder is about to leave.
struct acquire_replica {
  task_id task;
  worker_id from;
  WEFT_MEMBERS(acquire_replica, task, from)
};

/// Another worker of the cluster, and where it can be asked for data (empty: in the scheduler's own process).
/// Comes before the first order that names it.
struct peer_introduced {
  worker_id worker;
  std::string name;
  std::string address;
  WEFT_MEMBERS(peer_introduced, worker, name, address)
};

/// That worker is gone; what was asked of it will not come. Told to those to whom it was introduced.
struct peer_lost {
  worker_id worker;
  WEFT_MEMBERS(peer_lost, worker)
};

/// All is handed over: end.
struct leave {
  WEFT_NO_MEMBERS(leave)
};

/// The user gave this task a key. Comes right before its compute_task; who has none is called by its id.
struct task_named {
  task_id task;
  std::string key;
  WEFT_MEMBERS(task_named, task, key)
};

// -- from the executor threads
// ---------------------------------------------------------------------------------

/// User code returned. `duration` is its run time.
struct run_finished {
  task_id task;
  run_id run;
  std::int64_t duration = 0; ///< nanoseconds
  value_ptr value;
  WEFT_MEMBERS(run_finished, task, run, duration, value)
};

/// User code threw, or an input or the body could not be decoded.
struct run_failed {
  task_id task;
  run_id run;
  std::int64_t duration = 0; ///< nanoseconds
  failure_ptr failure;
  WEFT_MEMBERS(run_failed, task, run, duration, failure)
};

/// User code returned or threw after it was told that its worker leaves, or was not begun for that: what it
/// returned may be half of the result.
struct run_abandoned {
  task_id task;
  run_id run;
  WEFT_MEMBERS(run_abandoned, task, run)
};

/// The task on this thread waits for other tasks; meanwhile its thread's place is free.
struct run_seceded {
  task_id task;
  run_id run;
  WEFT_MEMBERS(run_seceded, task, run)
};

/// It goes on.
struct run_rejoined {
  task_id task;
  run_id run;
  WEFT_MEMBERS(run_rejoined, task, run)
};

// -- from those who move data
// ----------------------------------------------------------------------------------

/// Who asks for a value: a number that the transfer service gave the asking connection (and target); opaque
/// here.
using requester_id = std::uint64_t;

/// Somebody wants this value as soon as it is here. May come before compute_task does: the question is held.
struct value_requested {
  requester_id requester = 0;
  task_id task;
  WEFT_MEMBERS(value_requested, requester, task)
};

/// A client puts a scattered datum here; the scheduler knows it as run 1 of the task.
struct value_put {
  task_id task;
  value_ptr value;
  WEFT_MEMBERS(value_put, task, value)
};

/// The answer to request_value.
struct value_arrived {
  worker_id from;
  task_id task;
  value_ptr value;
  WEFT_MEMBERS(value_arrived, from, task, value)
};

/// The other answer: that worker has given the task back; ask the scheduler.
struct value_moved {
  worker_id from;
  task_id task;
  WEFT_MEMBERS(value_moved, from, task)
};

/// The third: the value exists but cannot travel.
struct value_refused {
  worker_id from;
  task_id task;
  failure_ptr failure;
  WEFT_MEMBERS(value_refused, from, task, failure)
};

/// No connection to that worker can be made, or it broke.
struct peer_unreachable {
  worker_id worker;
  WEFT_MEMBERS(peer_unreachable, worker)
};

/// Whoever asked is gone; its questions are void.
struct requester_gone {
  requester_id requester = 0;
  WEFT_MEMBERS(requester_gone, requester)
};

using worker_event =
    std::variant<compute_task, give_back_task, drop_replica, input_located, acquire_replica, peer_introduced,
                 peer_lost, leave, task_named, run_finished, run_failed, run_abandoned, run_seceded,
                 run_rejoined, value_requested, value_put, value_arrived, value_moved, value_refused,
                 peer_unreachable, requester_gone>;

/// How many of worker_event's alternatives may come over a link from the scheduler: the first so many.
inline constexpr std::size_t worker_events_from_scheduler = 9;

// -- what a worker asks of those who move data
// -----------------------------------------------------------------

struct request_value {
  worker_id worker;
  task_id task;
  WEFT_MEMBERS(request_value, worker, task)
};

struct send_value {
  requester_id requester = 0;
  task_id task;
  value_ptr value;
  WEFT_MEMBERS(send_value, requester, task, value)
};

struct send_moved {
  requester_id requester = 0;
  task_id task;
  WEFT_MEMBERS(send_moved, requester, task)
};

/// A client's wish: store this datum at that worker.
struct put_value {
  worker_id worker;
  task_id task;
  value_ptr value;
  WEFT_MEMBERS(put_value, worker, task, value)
};

using transfer_command = std::variant<request_value, send_value, send_moved, put_value>;

} // namespace weft::detail
