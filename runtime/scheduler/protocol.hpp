#pragma once

#include "runtime/core/inline_list.hpp"
#include "runtime/core/members.hpp"

#include <weft/detail/failure.hpp>
#include <weft/detail/task_body.hpp>
#include <weft/detail/value.hpp>
#include <weft/ids.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

/// What the scheduler hears: from clients' holders and from workers.
namespace weft::detail {

// -- from holders
// ----------------------------------------------------------------------------------------------

struct client_joined {
  client_id client;
  std::string name;
  WEFT_MEMBERS(client_joined, client, name)
};

/// The client is gone: nobody wants its tasks any more.
struct client_left {
  client_id client;
  WEFT_MEMBERS(client_left, client)
};

/// What few tasks ask for, kept apart so that the others stay small.
struct task_demands {
  std::string key;                  ///< the user's own key; empty: made from function and id
  std::vector<std::string> workers; ///< names; empty: any worker
  bool allow_other_workers = false; ///< `workers` is a wish, not a must
  WEFT_MEMBERS(task_demands, key, workers, allow_other_workers)
};
using demands_ptr = std::shared_ptr<const task_demands>;

/// Inputs are in the order in which the body numbers them, each task once. A client's ids only grow.
struct submit_task {
  task_id task;
  function_id function;
  std::int32_t priority = 0;
  std::uint32_t retries = 0;
  body_ptr body;
  inline_list<task_id, 2> inputs;
  demands_ptr demands;
  WEFT_MEMBERS(submit_task, task, function, priority, retries, body, inputs, demands)
};

/// Instead of a submit_task that could not be sent, because its body does not travel, or of a scattered datum
/// that does not: it fails, and with it all that needs it.
struct fail_task {
  task_id task;
  failure_ptr failure;
  WEFT_MEMBERS(fail_task, task, failure)
};

/// A datum is on its way to a worker, which will report it as run 1 of this task. There is nothing to
/// recompute it from.
struct scatter_task {
  task_id task;
  worker_id worker;
  std::uint64_t nbytes = 0;
  demands_ptr demands;
  WEFT_MEMBERS(scatter_task, task, worker, nbytes, demands)
};

/// The last handle is gone.
struct release_task {
  task_id task;
  WEFT_MEMBERS(release_task, task)
};

struct cancel_task {
  task_id task;
  std::string reason;
  WEFT_MEMBERS(cancel_task, task, reason)
};

/// The client could not get the value from that worker; it is answered with result_ready or result_lost.
struct locate_value {
  task_id task;
  worker_id unreachable;
  WEFT_MEMBERS(locate_value, task, unreachable)
};

/// The client holds the value and wants it for itself: answered by take_answered, granted if no task needs
/// it.
struct take_value {
  task_id task;
  WEFT_MEMBERS(take_value, task)
};

/// Why does this task not run? Answered by task_explained.
struct explain_task {
  client_id client;
  std::uint32_t question = 0;
  task_id task;
  WEFT_MEMBERS(explain_task, client, question, task)
};

/// Who holds this task's value? Answered by holders_described.
struct describe_holders {
  client_id client;
  std::uint32_t question = 0;
  task_id task;
  WEFT_MEMBERS(describe_holders, client, question, task)
};

/// Answered by cluster_described.
struct describe_cluster {
  client_id client;
  std::uint32_t question = 0;
  WEFT_MEMBERS(describe_cluster, client, question)
};

/// Let this worker hand over what it has and leave. The worker itself may ask for it too.
struct retire_worker {
  worker_id worker;
  WEFT_MEMBERS(retire_worker, worker)
};

// -- from workers
// ----------------------------------------------------------------------------------------------

/// What a worker says of itself once; kept apart so that hot events stay small.
struct worker_attributes {
  std::string name;
  std::string address; ///< where it can be asked for data; empty: it lives in the scheduler's process
  std::uint32_t threads = 1;
  std::uint64_t memory_limit = 0; ///< bytes; 0: not known
  std::uint32_t pid = 0;
  std::vector<module_id>
      modules; ///< whose functions it can run; ignored for a worker in the scheduler's process
  bool shares_process = false;
  WEFT_MEMBERS(worker_attributes, name, address, threads, memory_limit, pid, modules, shares_process)
};
using attributes_ptr = std::shared_ptr<const worker_attributes>;

struct worker_joined {
  worker_id worker;
  attributes_ptr attributes;
  WEFT_MEMBERS(worker_joined, worker, attributes)
};

/// Its connection closed, its process ended. `how` is for people: "killed by signal 9", "connection closed".
struct worker_lost {
  worker_id worker;
  std::string how;
  WEFT_MEMBERS(worker_lost, worker, how)
};

/// It runs. Reported only where compute_task asked for it.
struct task_started {
  worker_id worker;
  task_id task;
  run_id run;
  WEFT_MEMBERS(task_started, worker, task, run)
};

/// The result is stored at the worker. `value` comes along where it costs nothing: in the same process, or
/// when it is small; the scheduler hands it on and keeps nothing of it.
struct task_finished {
  worker_id worker;
  task_id task;
  run_id run;
  std::int64_t duration = 0; ///< nanoseconds
  std::uint64_t nbytes = 0;
  value_ptr value;
  WEFT_MEMBERS(task_finished, worker, task, run, duration, nbytes, value)
};

/// A failure of kind module_absent says that nothing of it has run: another worker may have what is missing.
struct task_failed {
  worker_id worker;
  task_id task;
  run_id run;
  std::int64_t duration = 0; ///< nanoseconds
  failure_ptr failure;
  WEFT_MEMBERS(task_failed, worker, task, run, duration, failure)
};

/// It has left the worker's tables and will not run there. Comes for the task asked for and for all that
/// waited for it.
struct task_given_back {
  worker_id worker;
  task_id task;
  run_id run;
  WEFT_MEMBERS(task_given_back, worker, task, run)
};

/// It runs or has run: a report has come or will come.
struct task_kept {
  worker_id worker;
  task_id task;
  run_id run;
  WEFT_MEMBERS(task_kept, worker, task, run)
};

/// It waits inside for other tasks and occupies no thread meanwhile: its worker has room for another one,
/// which may be what it waits for. (Dask: `secede`.)
struct task_seceded {
  worker_id worker;
  task_id task;
  run_id run;
  WEFT_MEMBERS(task_seceded, worker, task, run)
};

/// It goes on. (Dask: `rejoin`.)
struct task_rejoined {
  worker_id worker;
  task_id task;
  run_id run;
  WEFT_MEMBERS(task_rejoined, worker, task, run)
};

/// The worker holds a copy of a value that was made elsewhere. It may be told to drop the value while this is
/// on its way: `drops` says how many such orders it had heard.
struct replica_added {
  worker_id worker;
  task_id task;
  std::uint64_t drops = 0;
  WEFT_MEMBERS(replica_added, worker, task, drops)
};

/// The worker waits for an input that it could not get from `from`; answered by input_located once it is
/// placed.
struct input_unreachable {
  worker_id worker;
  task_id task;
  worker_id from;
  WEFT_MEMBERS(input_unreachable, worker, task, from)
};

/// How a worker is, now and then.
struct worker_reported {
  worker_id worker;
  std::uint64_t memory = 0; ///< bytes its process uses
  std::uint32_t running = 0;
  WEFT_MEMBERS(worker_reported, worker, memory, running)
};

/// The hot events come first. Which of them a client's link accepts, and which a worker's, see below.
using scheduler_event =
    std::variant<submit_task, release_task, task_finished, task_failed, client_joined, client_left, fail_task,
                 scatter_task, cancel_task, locate_value, take_value, explain_task, describe_holders,
                 describe_cluster, retire_worker, worker_joined, worker_lost, task_started, task_given_back,
                 task_kept, task_seceded, task_rejoined, replica_added, input_unreachable, worker_reported>;

} // namespace weft::detail
