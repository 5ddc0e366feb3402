#include "runtime/scheduler/scheduler_state.hpp"

#include <algorithm>
#include <limits>
#include <utility>

// What workers say, and what is said of them.
namespace weft::detail {

void scheduler_state::on(worker_joined& event, scheduler_commands& commands) {
  if (event.worker.value >= workers_.size()) workers_.resize(event.worker.value + 1);
  worker_record& joined = workers_[event.worker.value];
  if (joined.attributes) return; // said twice
  joined.live = true;
  joined.attributes = event.attributes;
  joined.threads = event.attributes->threads;
  ++live_count_;
  spreads_.clear();
  for (std::uint32_t i = 1; i < clients_.size(); ++i)
    if (clients_[i].joined)
      commands.to_clients.send(client_id{i}, worker_introduced{event.worker, event.attributes});
  requeue_for(event.worker);
  retirement_moved_ = true;
  note_room(event.worker);
}

void scheduler_state::on(worker_lost& event, scheduler_commands& commands) {
  if (event.worker.value >= workers_.size() || !workers_[event.worker.value].live) return;
  worker_record& lost = workers_[event.worker.value];
  lost.live = false;
  note_load(lost);
  --live_count_;
  spreads_.clear();
  if (lost.retiring) --retiring_count_;
  lost.acquaintances = {};
  for (std::uint32_t i = 1; i < workers_.size(); ++i) {
    auto& known = workers_[i].acquaintances;
    if (event.worker.value >= known.size() || !known[event.worker.value]) continue;
    known[event.worker.value] = false;
    commands.to_workers.send(worker_id{i}, peer_lost{event.worker});
  }
  for (std::uint32_t i = 1; i < clients_.size(); ++i)
    if (clients_[i].joined) commands.to_clients.send(client_id{i}, worker_gone{event.worker});
  std::erase_if(early_, [&](const auto& early) { return early.second.worker == event.worker; });
  // There is no index from workers to values: a loss is rare, and an index would cost every task.
  tasks_.for_each([&](task_id task, record& row) {
    lose_replica(task, row, event.worker, commands);
    if (!row.outstanding || row.worker != event.worker) return;
    const bool aborted = row.asked == ask::abort || !row.active();
    if (row.scattered) return put_again(task, row, commands);
    const bool started = row.started;
    const bool may_have_started = started || !row.suspected; // the first time it is not announced
    settle_assignment(row);
    if (may_have_started && row.deaths < std::numeric_limits<decltype(row.deaths)>::max()) ++row.deaths;
    if (aborted) {
      abandoned(task, row);
    } else if (started && row.deaths > settings_.allowed_failures) {
      to_fail_.emplace_back(task,
                            failure::make(failure_kind::worker_killed,
                                          key_of(task) + " was on each of " + std::to_string(row.deaths) +
                                              " workers that died; the last, " + lost.attributes->name +
                                              ": " + event.how));
    } else {
      // Whether it ran is not known the first time, so that alone condemns nobody; from now on it is
      // announced, so that only the guilty are counted.
      row.suspected = true;
      try_again(task, row, commands);
    }
  });
  // What was queued for it alone goes elsewhere.
  while (record* row = ready_front(lost.own)) {
    const task_id task = lost.own.front();
    lost.own.pop_front();
    make_ready(task, *row, false);
  }
  // And if it was the last with some module, its tasks fail.
  for (const task_id task : std::exchange(unplaceable_, {}))
    if (record* row = tasks_.find(task); row && row->is == phase::ready) make_ready(task, *row, false);
  // Its number is not used again: their memory goes, too.
  lost.assignments = std::vector<std::pair<task_id, run_id>>();
  lost.own = priority_queue();
  retirement_moved_ = true;
}

// A worker hears of another one only when it is about to be told to ask it: would it hear of all, a cluster's
// joining would cost the square of its size. Once is enough.
void scheduler_state::introduce(worker_id peer, worker_id to, scheduler_commands& commands) {
  if (peer == to) return;
  auto& known = workers_[to.value].acquaintances;
  if (peer.value >= known.size()) known.resize(peer.value + 1);
  if (known[peer.value]) return;
  known[peer.value] = true;
  const worker_attributes& its = *workers_[peer.value].attributes;
  commands.to_workers.send(to, peer_introduced{peer, its.name, its.address});
}

void scheduler_state::on(retire_worker& event, scheduler_commands& commands) {
  if (event.worker.value >= workers_.size()) return;
  worker_record& worker = workers_[event.worker.value];
  if (!worker.live || worker.retiring) return;
  worker.retiring = true;
  ++retiring_count_;
  retirement_moved_ = true;
  tasks_.for_each([&](task_id task, record& row) {
    if (row.outstanding && row.worker == event.worker && row.active() && !row.scattered)
      ask_back(task, row, ask::back, commands);
  });
  while (record* row = ready_front(worker.own)) {
    const task_id task = worker.own.front();
    worker.own.pop_front();
    make_ready(task, *row, false);
  }
}

void scheduler_state::on(task_started& event, scheduler_commands&) {
  if (record* row = outstanding_at(event.task, event.worker, event.run)) row->started = true;
}

void scheduler_state::on(task_finished& event, scheduler_commands& commands) {
  record* row = outstanding_at(event.task, event.worker, event.run);
  if (!row) {
    record* known = tasks_.find(event.task);
    if (known && known->scattered && known->is == phase::waiting && accepts_data(event.worker)) {
      // It was thought to be lost on its way, and has arrived after all.
      placed(*known);
      accept_value(event.task, *known, event.worker, std::move(event.value), commands);
      return;
    }
    if (!known && is_early(event.task) && is_live(event.worker)) {
      early_.insert_or_assign(event.task, early_datum{event.worker, std::move(event.value)});
      return;
    }
    // Nobody counts on this value: of a datum whose client has left, or said twice.
    const worker_record* worker = find(event.worker);
    if (worker && worker->live &&
        !(known && (holds(*known, event.worker) || (known->outstanding && known->worker == event.worker))))
      drop_unreported(event.task, known, event.worker, commands);
    return;
  }
  if (!row->scattered) measure(row->function, event.duration);
  settle_assignment(*row);
  if (!row->active()) {
    // It was done before the worker heard that it is not wanted. Who would have read it was asked back before
    // this.
    drop(event.task, event.worker, commands);
    to_release_.push_back(event.task);
    return;
  }
  if (row->is != phase::assigned) placed(*row); // it was asked back, and became wanted again
  row->nbytes = event.nbytes;
  accept_value(event.task, *row, event.worker, std::move(event.value), commands);
}

void scheduler_state::on(task_failed& event, scheduler_commands& commands) {
  record* row = outstanding_at(event.task, event.worker, event.run);
  if (!row) return;
  const bool aborted = row->asked == ask::abort;
  settle_assignment(*row);
  if (aborted || !row->active()) {
    abandoned(event.task, *row);
  } else if (event.failure && event.failure->kind == failure_kind::module_absent && !row->scattered) {
    refuse(event.task, *row, event.worker, event.failure, commands);
  } else if (row->extras && row->extras->retries_left > 0) {
    --row->extras->retries_left;
    try_again(event.task, *row, commands);
  } else {
    to_fail_.emplace_back(event.task, with_names(*row, event.task, event.worker, event.failure));
  }
}

// What fails before it runs is called by its id there; who reads the error knows it by the key that he gave
// it.
failure_ptr scheduler_state::with_names(const record& row, task_id task, worker_id worker,
                                        const failure_ptr& why) const {
  // What could not be sent was told where that was tried, and not of which task.
  if (why && why->key.empty()) return why->told_of(key_of(task), workers_[worker.value].attributes->name);
  const std::string* key = users_key(row);
  if (!key) return why;
  if (why->key != printable_key(functions_, row.function, task))
    return why; // another task's error, passed on
  return why->told_of(*key, why->worker);
}

void scheduler_state::on(task_given_back& event, scheduler_commands& commands) {
  record* row = outstanding_at(event.task, event.worker, event.run);
  if (!row) return;
  if (row->scattered)
    return put_again(event.task, *row, commands); // there is nothing that could run elsewhere
  const bool aborted = row->asked == ask::abort;
  settle_assignment(*row);
  if (aborted || !row->active())
    abandoned(event.task, *row);
  else
    try_again(event.task, *row, commands);
}

void scheduler_state::on(task_kept& event, scheduler_commands&) {
  record* row = outstanding_at(event.task, event.worker, event.run);
  if (!row || row->asked != ask::back) return;
  row->asked = ask::none;
  row->kept = true;
  row->stolen = false;
}

void scheduler_state::on(task_seceded& event, scheduler_commands&) {
  record* row = outstanding_at(event.task, event.worker, event.run);
  if (!row || row->seceded) return;
  function(row->function).waits = true;
  vacate(*row);
  row->seceded = true;
  ++workers_[event.worker.value].seceded;
  ++total_seceded_;
  note_load(workers_[event.worker.value]);
  note_room(event.worker);
}

void scheduler_state::on(task_rejoined& event, scheduler_commands&) {
  record* row = outstanding_at(event.task, event.worker, event.run);
  if (!row || !row->seceded) return;
  row->seceded = false;
  --workers_[event.worker.value].seceded;
  --total_seceded_;
  occupy(*row);
  note_load(workers_[event.worker.value]);
}

void scheduler_state::on(replica_added& event, scheduler_commands& commands) {
  if (event.worker.value >= workers_.size() || !workers_[event.worker.value].live) return;
  record* row = tasks_.find(event.task);
  if (row && is_outdated(*row, event)) return;
  if (row && row->outstanding && row->worker == event.worker) {
    if (row->extras && row->extras->copying_to == event.worker) row->extras->copying_to = {};
    if (row->scattered && row->active()) {
      settle_assignment(*row);
      accept_value(event.task, *row, event.worker, nullptr, commands);
    }
    // Else it answers the order to compute it by what it has; to count on the copy too would be to drop it
    // under that answer.
    return;
  }
  const bool needed = row && (row->active() || row->is == phase::memory);
  if (!needed) {
    drop_unreported(event.task, row, event.worker, commands);
    return;
  }
  if (holds(*row, event.worker)) return;
  task_extras& extras = extras_of(*row);
  if (extras.copying_to == event.worker) extras.copying_to = {};
  extras.askers.remove(event.worker);
  retirement_moved_ |= retiring_count_ > 0;
  if (!row->outstanding && !row->placed()) {
    // The original was lost while this copy was made: it need not be computed again.
    placed(*row);
    accept_value(event.task, *row, event.worker, nullptr, commands);
  } else {
    extras.replicas.push_back(event.worker);
  }
}

void scheduler_state::on(input_unreachable& event, scheduler_commands& commands) {
  if (!is_live(event.worker)) return;
  record* row = tasks_.find(event.task);
  if (!row || !(row->placed() || row->active())) {
    // It will not come. Whoever needs it there was asked back; if it was only to be copied, the worker need
    // not go on.
    drop_unreported(event.task, row, event.worker, commands);
    return;
  }
  if (!row->placed()) {
    // Its consumer is being asked back; should the value come before that, the worker hears of it.
    task_extras& extras = extras_of(*row);
    if (!extras.askers.contains(event.worker)) extras.askers.push_back(event.worker);
    return;
  }
  worker_id holder = row->worker;
  if (holder == event.from && row->extras)
    for (const worker_id replica : row->extras->replicas)
      if (replica != event.worker) holder = replica;
  introduce(holder, event.worker, commands);
  commands.to_workers.send(event.worker, input_located{event.task, holder});
}

void scheduler_state::on(worker_reported& event, scheduler_commands&) {
  if (event.worker.value < workers_.size()) workers_[event.worker.value].memory = event.memory;
}

// Lets a retiring worker go as soon as nothing depends on it any more; copies what only it has.
void scheduler_state::advance_retirements(scheduler_commands& commands) {
  if (retiring_count_ == 0 || !std::exchange(retirement_moved_, false)) return;
  std::vector<worker_id> takers;
  for (std::uint32_t i = 1; i < workers_.size(); ++i)
    if (workers_[i].live && !workers_[i].retiring) takers.push_back({i});
  std::vector<std::uint32_t> needed(workers_.size()); // values that only this retiring worker has
  std::size_t next = 0;
  tasks_.for_each([&](task_id task, record& row) {
    if (row.is != phase::memory || !workers_[row.worker.value].retiring) return;
    worker_id source = row.worker;
    if (row.extras)
      for (const worker_id replica : row.extras->replicas) {
        if (!workers_[replica.value].retiring) return;
        if (!workers_[replica.value].dismissed) source = replica;
      }
    // Nobody to give it to: it will be computed again when somebody comes, and waits here if it cannot be.
    if (takers.empty() && !row.scattered) return;
    ++needed[row.worker.value];
    task_extras& extras = extras_of(row);
    for (const worker_id replica : extras.replicas)
      ++needed[replica.value];
    if (extras.copying_to || takers.empty()) return;
    extras.copying_to = takers[next++ % takers.size()];
    extras.copied = true;
    introduce(source, extras.copying_to, commands);
    commands.to_workers.send(extras.copying_to, acquire_replica{task, source});
  });
  for (std::uint32_t i = 1; i < workers_.size(); ++i) {
    worker_record& worker = workers_[i];
    if (!worker.live || !worker.retiring || worker.dismissed || worker.outstanding > 0 || needed[i] > 0)
      continue;
    worker.dismissed = true;
    commands.to_workers.send(worker_id{i}, leave{});
  }
}

} // namespace weft::detail
