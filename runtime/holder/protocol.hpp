#pragma once

#include "runtime/core/members.hpp"
#include "runtime/scheduler/protocol.hpp"

#include <weft/detail/failure.hpp>
#include <weft/detail/value.hpp>
#include <weft/ids.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// What a client's future holder hears, from the scheduler and from those who move data. What the user does
/// (submit, release, cancel) are calls of holder_state, not events.
namespace weft::detail {

// -- from the scheduler -----------------------------------------------------------------------------------

/// The task's result is at `worker`; `value` came along if it was small or made in this process.
struct result_ready {
  task_id task;
  run_id run;
  worker_id worker;
  std::uint64_t nbytes = 0;
  value_ptr value;
  WEFT_MEMBERS(result_ready, task, run, worker, nbytes, value)
};

/// There will be no result: it failed, an input of it failed, or it was cancelled.
struct result_failed {
  task_id task;
  failure_ptr failure;
  WEFT_MEMBERS(result_failed, task, failure)
};

/// The result was lost with its worker and is being computed again.
struct result_lost {
  task_id task;
  WEFT_MEMBERS(result_lost, task)
};

/// A scattered datum was lost before it was stored: put it elsewhere, the client still has it.
struct scatter_again {
  task_id task;
  WEFT_MEMBERS(scatter_again, task)
};

struct take_answered {
  task_id task;
  bool granted = false;
  WEFT_MEMBERS(take_answered, task, granted)
};

struct task_explained {
  std::uint32_t question = 0;
  std::string sentence;
  bool stuck = false; ///< no worker that is there may run it, or what it waits for
  WEFT_MEMBERS(task_explained, question, sentence, stuck)
};

struct holders_described {
  std::uint32_t question = 0;
  std::vector<std::string> workers; ///< names
  std::uint64_t nbytes = 0;
  WEFT_MEMBERS(holders_described, question, workers, nbytes)
};

struct worker_description {
  worker_id worker;
  std::string name;
  std::string address;
  std::uint32_t threads = 0;
  std::uint64_t memory = 0;       ///< bytes in use
  std::uint64_t memory_limit = 0; ///< bytes; 0: not known
  std::uint32_t assigned = 0;     ///< tasks it has and has not finished
  std::uint32_t pid = 0;
  WEFT_MEMBERS(worker_description, worker, name, address, threads, memory, memory_limit, assigned, pid)
};

struct cluster_described {
  std::uint32_t question = 0;
  std::vector<worker_description> workers;
  std::uint64_t tasks = 0; ///< known to the scheduler
  WEFT_MEMBERS(cluster_described, question, workers, tasks)
};

/// A worker joined; its attributes say where it can be asked for data.
struct worker_introduced {
  worker_id worker;
  attributes_ptr attributes;
  WEFT_MEMBERS(worker_introduced, worker, attributes)
};

struct worker_gone {
  worker_id worker;
  WEFT_MEMBERS(worker_gone, worker)
};

/// The scheduler cannot be reached any more.
struct scheduler_lost {
  std::string how;
  WEFT_MEMBERS(scheduler_lost, how)
};

// -- from those who move data -----------------------------------------------------------------------------

/// The answer to request_value.
struct value_fetched {
  worker_id from;
  task_id task;
  value_ptr value;
  WEFT_MEMBERS(value_fetched, from, task, value)
};

/// The other answer to request_value: that worker has it no more, or cannot be reached. The scheduler knows
/// better.
struct value_unreachable {
  worker_id from;
  task_id task;
  WEFT_MEMBERS(value_unreachable, from, task)
};

/// What was put to that worker may not have come there.
struct worker_unreachable {
  worker_id worker;
  WEFT_MEMBERS(worker_unreachable, worker)
};

/// The value exists but cannot travel: from there to here, or, a scattered one, from here to there.
struct fetch_refused {
  worker_id from;
  task_id task;
  failure_ptr failure;
  WEFT_MEMBERS(fetch_refused, from, task, failure)
};

using holder_event =
    std::variant<result_ready, result_failed, result_lost, scatter_again, take_answered, task_explained,
                 holders_described, cluster_described, worker_introduced, worker_gone, scheduler_lost,
                 value_fetched, value_unreachable, worker_unreachable, fetch_refused>;

/// How many of holder_event's alternatives may come over a link from the scheduler: the first so many.
inline constexpr std::size_t holder_events_from_scheduler = 10;

} // namespace weft::detail
