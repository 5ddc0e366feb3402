#include "runtime/scheduler/scheduler_state.hpp"

#include "runtime/core/check.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

// What clients say, and what people ask. What workers say is in scheduler_workers.cpp, what follows for tasks
// in scheduler_transitions.cpp, what runs where in placement.cpp.
namespace weft::detail {

void scheduler_state::step(scheduler_event&& event, scheduler_commands& commands) {
  std::visit([&](auto& its) { on(its, commands); }, event);
  drain(commands);
}

void scheduler_state::on(client_joined& event, scheduler_commands& commands) {
  if (event.client.value >= clients_.size()) clients_.resize(event.client.value + 1);
  clients_[event.client.value].joined = true;
  for (std::uint32_t i = 1; i < workers_.size(); ++i)
    if (workers_[i].live)
      commands.to_clients.send(event.client, worker_introduced{worker_id{i}, workers_[i].attributes});
}

void scheduler_state::on(client_left& event, scheduler_commands& commands) {
  if (event.client.value >= clients_.size()) return;
  clients_[event.client.value].joined = false;
  std::erase_if(takes_, [&](task_id task) { return task.client() == event.client; });
  std::erase_if(early_, [&](const auto& early) {
    if (early.first.client() != event.client) return false;
    drop(early.first, early.second.worker, commands);
    return true;
  });
  tasks_.for_each_of(event.client, [&](task_id task, record& row) {
    not_wanted(task, row);
    // Its data may never arrive now; if it does, the report finds no record and the value is dropped.
    if (row.scattered && row.outstanding) {
      settle_assignment(row);
      row.is = phase::waiting;
    }
  });
}

void scheduler_state::on(submit_task& event, scheduler_commands&) {
  if (!is_early(event.task)) return; // said twice, or by one who has not joined
  note_sequence(event.task);
  record& row = tasks_.insert(event.task);
  row.function = event.function;
  row.priority = event.priority;
  if (event.retries > 0) extras_of(row).retries_left = event.retries;
  row.body = std::move(event.body);
  row.inputs = std::move(event.inputs);
  failure_ptr why;
  bool lost = false;
  for (const task_id id : row.inputs) {
    record* input = tasks_.find(id);
    if (!input) {
      lost = true;
      continue;
    }
    ++input->live_dependents;
    input->dependents.push_back(event.task);
    if (input->is == phase::failed && !why) why = input->extras->failure;
  }
  if (lost) {
    // Somebody may use that id yet; this record counts with none of its dependents.
    row.inputs.remove_if([&](task_id id) { return !tasks_.find(id); });
    why = failure::make(failure_kind::cancelled, "lost dependency: an input was released before it was used");
  }
  if (failure_ptr conflict = take_key(event.task, row, event.demands)) why = conflict;
  if (why) {
    row.is = phase::released; // it was never active
    to_fail_.emplace_back(event.task, why);
  } else {
    activate(event.task, row);
  }
}

void scheduler_state::on(fail_task& event, scheduler_commands&) {
  if (record* row = tasks_.find(event.task)) {
    // A datum that cannot be sent to where it was to be stored.
    if (row->scattered && row->active()) to_fail_.emplace_back(event.task, std::move(event.failure));
    return;
  }
  if (!is_early(event.task)) return;
  note_sequence(event.task);
  tasks_.insert(event.task).is = phase::released; // it was never active
  to_fail_.emplace_back(event.task, std::move(event.failure));
}

// Said again when the datum is put elsewhere, because it was lost on its way, and when a first worker has
// come.
void scheduler_state::on(scatter_task& event, scheduler_commands& commands) {
  record* row = tasks_.find(event.task);
  if (row && !(row->scattered && row->is == phase::waiting)) return; // it arrived after all, or is cancelled
  if (!row) {
    if (!is_early(event.task)) return; // it is released, or its client has not joined
    note_sequence(event.task);
    row = &tasks_.insert(event.task);
    row->scattered = true;
    row->run = run_id{1};
    row->nbytes = event.nbytes;
    const auto early = early_.extract(event.task);
    if (failure_ptr why = take_key(event.task, *row, event.demands)) {
      row->is = phase::released;
      to_fail_.emplace_back(event.task, why);
      if (early) drop(event.task, early.mapped().worker, commands);
      return;
    }
    if (early && accepts_data(early.mapped().worker))
      return accept_value(event.task, *row, early.mapped().worker, std::move(early.mapped().value), commands);
  }
  if (!event.worker) return; // there is none yet
  if (!accepts_data(event.worker)) {
    notify(event.task, scatter_again{event.task}, commands);
    return;
  }
  row->worker = event.worker;
  row->is = phase::assigned;
  row->outstanding = true;
  ++workers_[event.worker.value].outstanding;
  ++total_outstanding_;
  note_load(workers_[event.worker.value]);
  placed(*row);
  answer_askers(event.task, *row, commands);
}

// Whether its client has yet to tell of it. What it told of before and is unknown now has been released.
bool scheduler_state::is_early(task_id task) const {
  const std::uint32_t client = task.client().value;
  return client < clients_.size() && clients_[client].joined &&
         task.sequence() > clients_[client].last_sequence;
}

void scheduler_state::note_sequence(task_id task) {
  const std::uint32_t client = task.client().value;
  if (client < clients_.size()) clients_[client].last_sequence = task.sequence();
}

// Remembers what the task demands. Not null if another task has its key.
failure_ptr scheduler_state::take_key(task_id task, record& row, const demands_ptr& demands) {
  if (!demands) return nullptr;
  extras_of(row).demands = demands;
  if (demands->key.empty()) return nullptr;
  if (!is_made_up(demands->key) && keys_.emplace(demands->key, task).second) return nullptr;
  return failure::make(failure_kind::key_conflict,
                       "the key '" + demands->key + "' is in use by another task");
}

// Whether a task that somebody wants is called so for want of a key of its own.
bool scheduler_state::is_made_up(const std::string& key) const {
  task_id task;
  const char* const end = key.data() + key.size();
  const char* const number = key.data() + (key.rfind('-') + 1); // all of it where there is no dash
  if (const auto [at, error] = std::from_chars(number, end, task.value, 16);
      error != std::errc{} || at != end)
    return false;
  const record* row = tasks_.find(task);
  return row && row->wanted && !users_key(*row) && printable_key(functions_, row->function, task) == key;
}

// Nobody wants the task any more, so another one may have its key, even if this one is still needed for
// others.
void scheduler_state::not_wanted(task_id task, record& row) {
  row.wanted = false;
  to_release_.push_back(task);
  if (!row.extras || !row.extras->demands) return;
  const auto its = keys_.find(row.extras->demands->key);
  if (its != keys_.end() && its->second == task) keys_.erase(its);
}

void scheduler_state::on(release_task& event, scheduler_commands&) {
  if (record* row = tasks_.find(event.task)) not_wanted(event.task, *row);
}

void scheduler_state::on(cancel_task& event, scheduler_commands&) {
  record* row = tasks_.find(event.task);
  if (!row || row->is == phase::failed) return;
  to_fail_.emplace_back(event.task, failure::make(failure_kind::cancelled, std::move(event.reason)));
}

void scheduler_state::on(locate_value& event, scheduler_commands& commands) {
  record* row = tasks_.find(event.task);
  if (row && row->scattered && row->is == phase::assigned && row->worker == event.unreachable)
    return put_again(event.task, *row, commands);
  if (!row || row->is != phase::memory) return; // it will hear when there is news
  // The client could not reach that holder; name another one where there is one.
  worker_id holder = row->worker;
  if (holder == event.unreachable && row->extras && !row->extras->replicas.empty())
    holder = row->extras->replicas[0];
  notify(event.task, result_ready{event.task, row->run, holder, row->nbytes, nullptr}, commands);
}

void scheduler_state::on(take_value& event, scheduler_commands& commands) {
  if (!answer_take(event.task, commands)) takes_.push_back(event.task);
}

// False if it is to be asked again: where a run that nobody wants any more shares the client's memory, it
// reads the value until it ends.
bool scheduler_state::answer_take(task_id task, scheduler_commands& commands) {
  record* row = tasks_.find(task);
  const bool granted = row && row->is == phase::memory && row->active_consumers == 0;
  if (granted) {
    for (const task_id id : row->dependents) {
      const record* reader = tasks_.find(id);
      if (reader && reader->outstanding && workers_[reader->worker.value].attributes->shares_process)
        return false;
    }
    not_wanted(task, *row); // from now on nobody shall read what the client may change
  }
  commands.to_clients.send(task.client(), take_answered{task, granted});
  return true;
}

void scheduler_state::on(explain_task& event, scheduler_commands& commands) {
  explanation why = explain(event.task);
  commands.to_clients.send(event.client, task_explained{event.question, std::move(why.sentence), why.stuck});
}

void scheduler_state::on(describe_holders& event, scheduler_commands& commands) {
  holders_described answer{event.question, {}, 0};
  const record* row = tasks_.find(event.task);
  if (row && row->is == phase::memory) {
    answer.nbytes = row->nbytes;
    answer.workers.push_back(workers_[row->worker.value].attributes->name);
    if (row->extras)
      for (const worker_id replica : row->extras->replicas)
        answer.workers.push_back(workers_[replica.value].attributes->name);
  }
  commands.to_clients.send(event.client, std::move(answer));
}

void scheduler_state::on(describe_cluster& event, scheduler_commands& commands) {
  cluster_described answer{event.question, {}, tasks_.size()};
  for (std::uint32_t i = 1; i < workers_.size(); ++i) {
    const worker_record& worker = workers_[i];
    if (!worker.live) continue;
    const worker_attributes& its = *worker.attributes;
    answer.workers.push_back({worker_id{i}, its.name, its.address, its.threads, worker.memory,
                              its.memory_limit, worker.outstanding, its.pid});
  }
  commands.to_clients.send(event.client, std::move(answer));
}

// -- observers
// -------------------------------------------------------------------------------------------------

worker_id scheduler_state::worker_named(const std::string& name) const {
  for (std::uint32_t i = 1; i < workers_.size(); ++i)
    if (workers_[i].live && workers_[i].attributes->name == name) return {i};
  return {};
}

// Null if the user gave it none.
const std::string* scheduler_state::users_key(const record& row) {
  if (!row.extras || !row.extras->demands || row.extras->demands->key.empty()) return nullptr;
  return &row.extras->demands->key;
}

std::string scheduler_state::key_of(task_id task) const {
  const record* row = tasks_.find(task);
  if (const std::string* key = row ? users_key(*row) : nullptr) return *key;
  return printable_key(functions_, row ? row->function : function_id{}, task);
}

scheduler_state::explanation scheduler_state::explain(task_id task) const {
  const record* row = tasks_.find(task);
  if (!row) return {"the scheduler does not know it"};
  const auto on_worker = [&](const record& its) {
    return "worker " + workers_[its.worker.value].attributes->name;
  };
  switch (row->is) {
  case phase::waiting: {
    // Follows the first input that is not placed to one that waits for something else.
    task_id cause = task;
    for (const record* at = row; at && at->is == phase::waiting;) {
      const auto* next = std::find_if(at->inputs.begin(), at->inputs.end(), [&](task_id id) {
        const record* input = tasks_.find(id);
        return input && !input->placed();
      });
      if (next == at->inputs.end()) break;
      cause = *next;
      at = tasks_.find(cause);
    }
    if (cause == task && !row->scattered) return {"it is being taken back from " + on_worker(*row)};
    if (cause == task) {
      explanation why = explain_ready(*row);
      return why.stuck ? why : explanation{"its data is on the way to a worker"};
    }
    const explanation root = explain(cause);
    return {"it waits for " + key_of(cause) + ": " + root.sentence, root.stuck};
  }
  case phase::ready:
    return explain_ready(*row);
  case phase::assigned:
    if (row->seceded) return {"it waits inside for other tasks, on " + on_worker(*row)};
    if (row->unplaced_inputs == 0)
      for (const task_id id : row->inputs) {
        const record* input = tasks_.find(id);
        if (input && input->is == phase::assigned)
          return {"it is with " + on_worker(*row) + " and waits for its input " + key_of(id) +
                  ", which is with " + on_worker(*input)};
      }
    return {(row->scattered ? "its data is on the way to " : "it runs, or is about to, on ") +
            on_worker(*row)};
  case phase::memory:
    return {"it is finished"};
  case phase::failed:
    return {"it has failed"};
  case phase::released:
    return {"nobody wants it"};
  }
  return {};
}

scheduler_state::explanation scheduler_state::explain_ready(const record& row) const {
  if (live_count_ == 0) {
    std::string why = "no workers are connected";
    if (row.deaths > 0) why += "; it was on " + std::to_string(row.deaths) + " that died";
    return {std::move(why), true};
  }
  bool possible = false;
  for (std::uint32_t i = 1; i < workers_.size(); ++i) {
    if (!may_run_on(row, worker_id{i})) continue;
    if (has_room(workers_[i])) return {"it has not been placed yet"};
    possible = true;
  }
  if (row.extras && row.extras->demands && !row.extras->demands->workers.empty()) {
    std::string names;
    bool connected = false; // one of them is, that has not the module
    for (const auto& name : row.extras->demands->workers) {
      names += (names.empty() ? "" : ", ") + name;
      connected |= static_cast<bool>(worker_named(name));
    }
    if (possible) return {"it waits for room at a worker among those asked for: " + names};
    if (!row.extras->demands->allow_other_workers)
      return {(connected ? "no worker among those asked for is connected that has its module: "
                         : "none of the workers asked for is connected: ") +
                  names,
              true};
  }
  if (live_count_ == 1) return {"it waits for a free worker; the only one is busy"};
  return {"it waits for a free worker; all " + std::to_string(live_count_) + " are busy"};
}

void scheduler_state::check_invariants() {
  std::vector<std::uint32_t> outstanding(workers_.size());
  std::vector<std::uint32_t> seceded(workers_.size());
  std::vector<std::int64_t> load(workers_.size());
  std::vector<std::int64_t> load_ahead(workers_.size());
  std::size_t total = 0;
  tasks_.for_each([&](task_id task, record& row) {
    if (row.outstanding) {
      ++outstanding[row.worker.value];
      seceded[row.worker.value] += row.seceded;
      if (!row.seceded) load[row.worker.value] += row.load * tick;
      if (!row.seceded && row.ahead) load_ahead[row.worker.value] += row.load * tick;
      ++total;
      WEFT_CHECK(workers_[row.worker.value].live, "a task is with a live worker");
    }
    WEFT_CHECK(!row.seceded || row.outstanding, "only what a worker has can wait inside");
    WEFT_CHECK(row.is != phase::assigned || row.outstanding, "what is assigned is in its worker's tables");
    WEFT_CHECK(row.is != phase::memory || workers_[row.worker.value].live, "a value is at a live worker");
    WEFT_CHECK(row.is != phase::memory || row.wanted || row.active_consumers > 0,
               "a value that nobody needs is dropped");
    WEFT_CHECK(row.wanted || row.live_dependents > 0 || row.outstanding,
               "a record that nobody needs is forgotten");
    std::uint32_t missing = 0;
    for (const task_id id : row.inputs) {
      const record* input = tasks_.find(id);
      if (!input) {
        WEFT_CHECK(!row.active(), "an active task's inputs have records");
        continue;
      }
      WEFT_CHECK(input->dependents.contains(task), "an input lists its dependent");
      missing += !input->placed();
      if (row.active())
        WEFT_CHECK(input->is != phase::failed && input->is != phase::released,
                   "an active task's inputs can still come");
    }
    if (row.active()) {
      WEFT_CHECK(missing == row.unplaced_inputs, "the count of unplaced inputs is exact");
      WEFT_CHECK(row.is != phase::ready || missing == 0, "what is ready has its inputs placed");
      WEFT_CHECK(row.is != phase::waiting || missing > 0 || row.scattered || row.outstanding,
                 "what waits has an input that is not placed, or is being taken back");
      WEFT_CHECK(row.is != phase::assigned || missing == 0 || row.asked != ask::none || row.kept,
                 "what is assigned has its inputs placed, or was asked back");
    }
    std::uint32_t live = 0;
    std::uint32_t active = 0;
    for (const task_id id : row.dependents)
      if (const record* dependent = tasks_.find(id)) {
        ++live;
        active += dependent->active();
      }
    WEFT_CHECK(live == row.live_dependents && active == row.active_consumers,
               "counts of dependents are exact");
  });
  WEFT_CHECK(total == total_outstanding_ &&
                 std::accumulate(seceded.begin(), seceded.end(), std::size_t{0}) == total_seceded_,
             "the counts of outstanding tasks are exact");
  for (std::size_t i = 1; i < workers_.size(); ++i)
    WEFT_CHECK(workers_[i].outstanding == outstanding[i] && workers_[i].seceded == seceded[i] &&
                   workers_[i].load == load[i] && workers_[i].load_ahead == load_ahead[i],
               "a worker's load is exact");
  std::size_t overfull = 0;
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    const worker_record& worker = workers_[i];
    const bool is = worker.live && worker.queued() > worker.threads &&
                    worker.load >= settings_.stealing_threshold * worker.threads;
    WEFT_CHECK(is == worker.overfull, "who can be stolen from is known");
    WEFT_CHECK(worker.own.empty() || own_queues_used_, "what waits in a queue of its own is not overlooked");
    WEFT_CHECK(!worker.attributes || !has_room(worker) || worker.in_open, "who has room is in the list");
    overfull += is;
  }
  WEFT_CHECK(overfull == overfull_count_, "the count of those who can be stolen from is exact");
  for (std::uint32_t i = 1; i < workers_.size(); ++i)
    for (std::uint32_t peer = 0; peer < workers_[i].acquaintances.size(); ++peer)
      WEFT_CHECK(!workers_[i].acquaintances[peer] || (workers_[i].live && peer != i && workers_[peer].live),
                 "those who know each other live");
}

} // namespace weft::detail
