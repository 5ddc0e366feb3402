#include "runtime/core/check.hpp"
#include "runtime/scheduler/scheduler_state.hpp"

#include <algorithm>
#include <utility>

// What follows for tasks when something happens to one of them.
namespace weft::detail {

// It shall be computed, for the first time or again, and with it every released input that it needs.
void scheduler_state::activate(task_id first, record& first_row) {
  std::vector<std::pair<task_id, record*>> pending{{first, &first_row}};
  while (!pending.empty()) {
    const auto [task, row] = pending.back();
    pending.pop_back();
    row->is = phase::waiting;
    row->unplaced_inputs = 0;
    failure_ptr why;
    for (const task_id id : row->inputs) {
      record* input = tasks_.find(id);
      WEFT_CHECK(input, "lineage is kept while a dependent may be computed again");
      ++input->active_consumers;
      if (!input->placed()) ++row->unplaced_inputs;
      if (input->is == phase::failed) why = input->extras->failure;
      if (input->is == phase::released) {
        input->is = phase::waiting; // so that it is revived once
        pending.emplace_back(id, input);
      }
    }
    if (why)
      to_fail_.emplace_back(task, why);
    else if (row->scattered)
      to_fail_.emplace_back(task, failure::make(failure_kind::lost_data, "the only copy of the scattered " +
                                                                             key_of(task) + " was released"));
    else if (row->unplaced_inputs == 0)
      make_ready(task, *row, goes_deep());
  }
}

// It will not read its inputs any more. The caller changes the phase.
void scheduler_state::deactivate(record& row) {
  for (const task_id id : row.inputs) {
    record* input = tasks_.find(id);
    if (input && --input->active_consumers == 0 && !input->wanted) to_release_.push_back(id);
  }
}

// It was not placed and now is: dependents may be assigned.
void scheduler_state::placed(record& row) {
  // In reverse, because each goes to the front: the first dependent shall come first.
  for (std::size_t i = row.dependents.size(); i-- > 0;) {
    const task_id id = row.dependents[i];
    record* dependent = tasks_.find(id);
    if (dependent && dependent->active() && --dependent->unplaced_inputs == 0 &&
        dependent->is == phase::waiting)
      make_ready(id, *dependent, true);
  }
}

// It was placed and is not any more: dependents that are assigned come back, unless they run already.
void scheduler_state::unplaced(record& row, scheduler_commands& commands) {
  for (const task_id id : row.dependents) {
    record* dependent = tasks_.find(id);
    if (!dependent || !dependent->active()) continue;
    ++dependent->unplaced_inputs;
    if (dependent->is == phase::ready)
      dependent->is = phase::waiting;
    else if (dependent->is == phase::assigned && !dependent->kept)
      ask_back(id, *dependent, ask::back, commands);
  }
}

// An assignment ended without a result.
void scheduler_state::try_again(task_id task, record& row, scheduler_commands& commands) {
  if (row.extras && !row.extras->replicas.empty()) {
    // A copy of the lost value survived at a worker that had fetched it.
    const worker_id holder = row.extras->replicas[0];
    row.extras->replicas.remove(holder);
    accept_value(task, row, holder, nullptr, commands);
    return;
  }
  row.is = phase::waiting;
  unplaced(row, commands);
  if (row.unplaced_inputs == 0) make_ready(task, row, true);
}

void scheduler_state::ask_back(task_id task, record& row, ask how, scheduler_commands& commands) {
  if (!row.outstanding || row.asked == how || row.asked == ask::abort || !workers_[row.worker.value].live)
    return;
  row.asked = how;
  commands.to_workers.send(row.worker, give_back_task{task, row.run, how == ask::abort});
}

// Its assignment, if there is one, is not wanted any more.
void scheduler_state::abandon(task_id task, record& row, scheduler_commands& commands) {
  // A datum on its way cannot be asked back; it is dropped when it arrives, if it does.
  if (row.scattered && row.outstanding)
    settle_assignment(row);
  else
    ask_back(task, row, ask::abort, commands);
}

// What was not wanted has left the worker's tables. Meanwhile it may have become wanted again.
void scheduler_state::abandoned(task_id task, record& row) {
  if (row.is == phase::waiting && row.unplaced_inputs == 0)
    make_ready(task, row, true);
  else
    to_release_.push_back(task);
}

// A datum did not arrive where it was to be stored; its client still has it.
void scheduler_state::put_again(task_id task, record& row, scheduler_commands& commands) {
  settle_assignment(row);
  row.worker = {};
  row.is = phase::waiting;
  unplaced(row, commands);
  notify(task, scatter_again{task}, commands);
}

// The worker has it no more in its tables, or is gone.
void scheduler_state::settle_assignment(record& row) {
  worker_record& worker = workers_[row.worker.value];
  row.outstanding = false;
  row.asked = ask::none;
  row.kept = false;
  row.started = false;
  --worker.outstanding;
  if (row.seceded) {
    row.seceded = false;
    --worker.seceded;
    --total_seceded_;
  } else {
    vacate(row);
  }
  row.ahead = false;
  row.load = 0;
  --total_outstanding_;
  if (worker.retiring) retirement_moved_ = true;
  takes_moved_ = true;
  note_load(worker);
  note_room(row.worker);
}

// Its worker's window counts it from now on.
void scheduler_state::occupy(record& row) {
  worker_record& worker = workers_[row.worker.value];
  worker.load += row.load * tick;
  if (row.ahead) worker.load_ahead += row.load * tick;
}

void scheduler_state::vacate(record& row) {
  worker_record& worker = workers_[row.worker.value];
  worker.load -= row.load * tick;
  if (row.ahead) worker.load_ahead -= row.load * tick;
}

// `holder` has the value of a task that was active.
void scheduler_state::accept_value(task_id task, record& row, worker_id holder, value_ptr value,
                                   scheduler_commands& commands) {
  deactivate(row);
  row.is = phase::memory;
  row.worker = holder;
  row.suspected = false;
  row.deaths = 0; // it was not what they died of
  if (row.wanted) notify(task, result_ready{task, row.run, holder, row.nbytes, std::move(value)}, commands);
  answer_askers(task, row, commands);
  release_if_unneeded(task, row, commands);
}

void scheduler_state::lose_replica(task_id task, record& row, worker_id worker,
                                   scheduler_commands& commands) {
  if (row.extras) {
    row.extras->replicas.remove(worker);
    row.extras->askers.remove(worker);
    std::erase_if(row.extras->dropped, [&](const auto& entry) { return entry.first == worker; });
    if (row.extras->copying_to == worker) row.extras->copying_to = {};
  }
  if (row.is != phase::memory || row.worker != worker) return;
  if (row.extras && !row.extras->replicas.empty()) {
    row.worker = row.extras->replicas[0];
    row.extras->replicas.remove(row.worker);
    return;
  }
  lose_value(task, row, commands);
}

// The last copy is gone.
void scheduler_state::lose_value(task_id task, record& row, scheduler_commands& commands) {
  if (row.scattered) {
    to_fail_.emplace_back(
        task, failure::make(failure_kind::lost_data, "the only copy of the scattered " + key_of(task) +
                                                         " was lost with worker " +
                                                         workers_[row.worker.value].attributes->name));
    row.is = phase::waiting; // so that nobody looks for it at a worker that is gone
  } else if (row.wanted || row.active_consumers > 0) {
    if (row.wanted) notify(task, result_lost{task}, commands);
    row.is = phase::waiting;
    unplaced(row, commands);
    activate(task, row);
  } else {
    row.is = phase::released;
  }
}

void scheduler_state::fail(task_id task, record& row, const failure_ptr& why, scheduler_commands& commands) {
  if (row.is == phase::failed) return;
  if (row.active()) deactivate(row);
  abandon(task, row, commands);
  // Who would read its value is asked back before the value goes.
  for (const task_id id : row.dependents) {
    record* dependent = tasks_.find(id);
    if (!dependent || !dependent->active()) continue;
    ask_back(id, *dependent, ask::abort, commands);
    to_fail_.emplace_back(id, why);
  }
  drop_replicas(task, row, commands);
  row.is = phase::failed;
  row.body = nullptr;
  task_extras& extras = extras_of(row);
  extras.failure = why;
  extras.askers.clear();
  if (row.wanted) notify(task, result_failed{task, why}, commands);
  to_release_.push_back(task);
}

void scheduler_state::release_if_unneeded(task_id task, record& row, scheduler_commands& commands) {
  if (!row.wanted && row.active_consumers == 0) {
    if (row.active()) {
      deactivate(row);
      abandon(task, row, commands);
      row.is = phase::released;
    }
    drop_replicas(task, row, commands);
    if (row.is == phase::memory) row.is = phase::released;
  }
  forget_if_unneeded(task, row);
}

void scheduler_state::forget_if_unneeded(task_id task, record& row) {
  if (row.wanted || row.live_dependents > 0 || row.outstanding || row.active() || row.is == phase::memory)
    return;
  for (const task_id id : row.inputs) {
    record* input = tasks_.find(id);
    if (!input) continue;
    const std::uint32_t left = --input->live_dependents;
    if (left == 0 && !input->wanted) to_release_.push_back(id);
    // Names of the forgotten pile up in the list; now and then they are swept out.
    if (input->dependents.size() > 2 * left + 16)
      input->dependents.remove_if(
          [&](task_id dependent) { return dependent == task || !tasks_.find(dependent); });
  }
  tasks_.erase(task);
}

// Of a task in memory, or of copies that outlived a lost original.
void scheduler_state::drop_replicas(task_id task, record& row, scheduler_commands& commands) {
  const auto drop_copy = [&](worker_id worker) {
    if (row.extras && row.extras->copied)
      drop_unreported(task, &row, worker, commands);
    else
      drop(task, worker, commands);
  };
  if (row.is == phase::memory) {
    drop_copy(row.worker);
    retirement_moved_ |= retiring_count_ > 0;
  }
  if (!row.extras) return;
  for (const worker_id replica : row.extras->replicas)
    drop_copy(replica);
  row.extras->replicas.clear();
  if (row.extras->copying_to) drop_unreported(task, &row, row.extras->copying_to, commands);
  row.extras->copying_to = {};
}

void scheduler_state::drop(task_id task, worker_id worker, scheduler_commands& commands) {
  ++workers_[worker.value].drops;
  commands.to_workers.send(worker, drop_replica{task});
}

// Of a worker that may have a copy, or get one, without having said so.
void scheduler_state::drop_unreported(task_id task, record* row, worker_id worker,
                                      scheduler_commands& commands) {
  drop(task, worker, commands);
  if (!row) return;
  auto& dropped = extras_of(*row).dropped;
  std::erase_if(dropped, [&](const auto& entry) { return entry.first == worker; });
  dropped.emplace_back(worker, workers_[worker.value].drops);
}

bool scheduler_state::is_outdated(record& row, const replica_added& report) {
  if (!row.extras) return false;
  for (const auto& [worker, drops] : row.extras->dropped)
    if (worker == report.worker && report.drops < drops) return true;
  std::erase_if(row.extras->dropped, [&](const auto& entry) { return entry.first == report.worker; });
  return false;
}

void scheduler_state::answer_askers(task_id task, record& row, scheduler_commands& commands) {
  if (!row.extras) return;
  for (const worker_id asker : row.extras->askers) {
    introduce(row.worker, asker, commands);
    commands.to_workers.send(asker, input_located{task, row.worker});
  }
  row.extras->askers.clear();
}

void scheduler_state::drain(scheduler_commands& commands) {
  for (;;) {
    if (!to_fail_.empty()) {
      const auto [task, why] = std::move(to_fail_.back());
      to_fail_.pop_back();
      if (record* row = tasks_.find(task)) fail(task, *row, why, commands);
    } else if (!to_release_.empty()) {
      const task_id task = to_release_.back();
      to_release_.pop_back();
      if (record* row = tasks_.find(task)) release_if_unneeded(task, *row, commands);
    } else if (!takes_.empty() && std::exchange(takes_moved_, false)) {
      std::erase_if(takes_, [&](task_id task) { return answer_take(task, commands); });
    } else {
      return;
    }
  }
}

bool scheduler_state::holds(const record& row, worker_id worker) const {
  return (row.is == phase::memory && row.worker == worker) ||
         (row.extras && row.extras->replicas.contains(worker));
}

void scheduler_state::notify(task_id task, holder_event&& event, scheduler_commands& commands) {
  const std::uint32_t client = task.client().value;
  if (client < clients_.size() && clients_[client].joined)
    commands.to_clients.send(task.client(), std::move(event));
}

task_record* scheduler_state::outstanding_at(task_id task, worker_id worker, run_id run) {
  record* row = tasks_.find(task);
  return row && row->outstanding && row->worker == worker && row->run == run ? row : nullptr;
}

task_extras& scheduler_state::extras_of(record& row) {
  if (!row.extras) row.extras = std::make_unique<task_extras>();
  return *row.extras;
}

} // namespace weft::detail
