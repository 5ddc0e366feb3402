#include "runtime/core/check.hpp"
#include "runtime/scheduler/scheduler_state.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

// What runs where. A ready task waits either in `ready_`, for any worker, or in the `own` queue of workers
// that must run it or that hold (or compute) its inputs. A worker with room takes from both; one with idle
// threads also from the queues of others, and at last back from others what has not started there.
namespace weft::detail {

namespace {

constexpr std::size_t inputs_looked_at =
    64; // of a task with very many, to find out where most of its inputs are
constexpr std::size_t thefts_looked_at = 64; // assignments of a victim
constexpr std::size_t sweep_from = 4;        // settled assignments: so many are not worth it
constexpr std::size_t turn_max = 16;         // tasks given to one worker before the next one's turn
constexpr std::size_t few_workers = 9;       // of which all are looked at; of more
constexpr std::size_t open_looked_at = 4;    // open workers, beside those that have inputs
// Until an input is there that is elsewhere: nanoseconds in the same process and between processes, and how
// fast its bytes move then.
constexpr std::int64_t hand_over_time = 10'000;
constexpr std::int64_t moving_time = 100'000;
constexpr std::int64_t bytes_per_nanosecond = 1;
constexpr std::int64_t unknown_size = 256; // bytes, of a result that is not there yet
// Nanoseconds: the longest load that a record has room for.
constexpr std::int64_t longest_load = 100'000'000'000;

} // namespace

// -- making ready
// ----------------------------------------------------------------------------------------------

void scheduler_state::make_ready(task_id task, record& row, bool in_front) {
  if (row.outstanding) { // it was being taken back when it became wanted again; see abandoned
    row.is = phase::waiting;
    return;
  }
  row.is = phase::ready;
  if (is_restricted(row)) {
    route_restricted(task, row);
    return;
  }
  const worker_id home = row.stolen ? worker_id{} : preferred_by_inputs(row);
  priority_queue& queue = home ? workers_[home.value].own : ready_;
  if (in_front)
    queue.push_front(row.priority, task);
  else
    queue.push_back(row.priority, task);
  if (home) own_queues_used_ = true;
  if (home) note_room(home);
}

void scheduler_state::route_restricted(task_id task, record& row) {
  if (live_count_ > 0 && spread_of(row.function) == spread::nowhere) {
    std::vector<worker_id> all;
    for (std::uint32_t i = 1; i < workers_.size(); ++i)
      if (workers_[i].live) all.push_back({i});
    to_fail_.emplace_back(task, mismatch(row, "no worker", all));
    return;
  }
  bool routed = false;
  for (std::uint32_t i = 1; i < workers_.size(); ++i) {
    if (workers_[i].retiring || !may_run_on(row, worker_id{i})) continue;
    workers_[i].own.push_back(row.priority, task);
    own_queues_used_ = true;
    note_room(worker_id{i});
    routed = true;
  }
  if (routed) return;
  failure_ptr why = mismatch_of_asked(row);
  if (!why) why = refusal_of_all(task, row);
  if (why)
    to_fail_.emplace_back(task, std::move(why));
  else
    unplaceable_.push_back(task);
}

// A worker joined: tasks that no worker, or only others, may run look again.
void scheduler_state::requeue_for(worker_id joined) {
  for (const task_id task : std::exchange(unplaceable_, {}))
    if (record* row = tasks_.find(task); row && row->is == phase::ready) make_ready(task, *row, false);
  if (!own_queues_used_) return; // what is restricted waits in them
  tasks_.for_each([&](task_id task, record& row) {
    if (row.is == phase::ready && is_restricted(row) && may_run_on(row, joined))
      workers_[joined.value].own.push_back(row.priority, task);
  });
}

bool scheduler_state::is_restricted(const record& row) {
  if (row.extras) {
    if (!row.extras->refused_by.empty()) return true;
    const task_demands* const demands = row.extras->demands.get();
    if (demands && !demands->workers.empty() && !demands->allow_other_workers) return true;
  }
  return live_count_ > 0 && spread_of(row.function) != spread::everywhere;
}

bool scheduler_state::may_run_on(const record& row, worker_id worker) const {
  const worker_record& candidate = workers_[worker.value];
  if (!candidate.live) return false;
  // Data of no function may lie anywhere.
  if (row.function && !can_call(candidate, row.function)) return false;
  if (has_refused(row, worker)) return false;
  if (!row.extras || !row.extras->demands) return true;
  const task_demands& demands = *row.extras->demands;
  return demands.workers.empty() || demands.allow_other_workers ||
         std::find(demands.workers.begin(), demands.workers.end(), candidate.attributes->name) !=
             demands.workers.end();
}

// Where it can begin first: at a worker that has, or will have, one of its inputs, or at one that is open. As
// Dask's worker_objective it weighs the work queued there against the time to move what is elsewhere, and it
// knows that nothing begins before its inputs are there: who moves a link of a chain wins nothing. None if it
// has no inputs, or they are with workers that retire.
worker_id scheduler_state::preferred_by_inputs(const record& row) const {
  if (row.extras && row.extras->demands && !row.extras->demands->workers.empty()) {
    // `workers` with allow_other_workers: a wish.
    for (std::uint32_t i = 1; i < workers_.size(); ++i)
      if (workers_[i].live && !workers_[i].retiring)
        for (const std::string& name : row.extras->demands->workers)
          if (workers_[i].attributes->name == name) return {i};
  }
  struct candidate {
    worker_id worker;
    std::int64_t bytes = 0; // of the inputs that it has
    std::uint32_t inputs = 0;
  };
  inline_list<candidate, 8> candidates;
  const auto candidate_of = [&](worker_id worker) -> candidate& {
    for (candidate& each : candidates)
      if (each.worker == worker) return each;
    candidates.push_back({worker});
    return candidates[candidates.size() - 1];
  };
  std::int64_t bytes = 0;
  std::uint32_t inputs = 0;
  std::int64_t inputs_there = 0; // nanoseconds from now
  for (; inputs < row.inputs.size() && inputs < inputs_looked_at; ++inputs) {
    const record* input = tasks_.find(row.inputs[inputs]);
    if (!input || !input->placed()) continue;
    const worker_record& holder = workers_[input->worker.value];
    if (!holder.live) continue;
    const bool is_there = input->is == phase::memory;
    const std::int64_t size = is_there ? static_cast<std::int64_t>(input->nbytes) : unknown_size;
    bytes += size;
    if (!is_there) inputs_there = std::max(inputs_there, holder.time_until(input->queue_end));
    if (holder.retiring) continue;
    candidate& its = candidate_of(input->worker);
    its.bytes += size;
    ++its.inputs;
  }
  if (candidates.empty()) return {};
  const std::int64_t its_time = expected_time(row.function);
  const bool measured = is_measured(row.function);
  // Nobody knows yet how long it takes: worth a move only to who has nothing to do.
  const auto consider = [&](worker_id worker) {
    const worker_record& its = workers_[worker.value];
    if (!its.live || its.retiring) return;
    if (measured || (its.has_spare_thread() && its.own.empty())) candidate_of(worker);
  };
  if (measured && its_time <= hand_over_time) {
    // It is done where it is before it would begin elsewhere.
  } else if (workers_.size() <= few_workers) {
    for (std::uint32_t i = 1; i < workers_.size(); ++i)
      consider(worker_id{i});
  } else {
    for (std::size_t i = 0; i < open_.size() && i < open_looked_at; ++i)
      consider(open_[i]);
  }
  worker_id best;
  std::int64_t earliest = 0;
  for (const candidate& each : candidates) {
    const worker_record& its = workers_[each.worker.value];
    const std::int64_t queued = its.load + static_cast<std::int64_t>(its.own.size()) * its_time;
    std::int64_t begin = std::max(its.shared_out(queued), inputs_there);
    if (each.inputs < inputs) {
      const bool by_pointer = its.attributes->shares_process;
      begin += by_pointer ? hand_over_time : moving_time + (bytes - each.bytes) / bytes_per_nanosecond;
    }
    if (best && begin >= earliest) continue;
    earliest = begin;
    best = each.worker;
  }
  return best;
}

bool scheduler_state::waits_for_inputs(const record& row) const {
  return std::any_of(row.inputs.begin(), row.inputs.end(),
                     [&](task_id id) { return tasks_.find(id)->is != phase::memory; });
}

// -- handing out
// -----------------------------------------------------------------------------------------------

void scheduler_state::settle(scheduler_commands& commands) {
  idle_.clear();
  // Threads without work come first: what was taken back for them must not go where it came from.
  crowded_.clear();
  while (!open_.empty() && work_waits()) {
    const worker_id worker = open_.front();
    open_.pop_front();
    worker_record& its = workers_[worker.value];
    its.in_open = false;
    if (!its.has_spare_thread())
      crowded_.push_back(worker);
    else if (has_room(its) && give_work(worker, commands))
      note_room(worker);
    else if (has_room(its))
      idle_.push_back(worker);
  }
  for (const worker_id worker : crowded_)
    note_room(worker);
  // A turn each, so that what is ready spreads over all that have room.
  while (!open_.empty() && work_waits()) {
    const worker_id worker = open_.front();
    open_.pop_front();
    worker_record& its = workers_[worker.value];
    its.in_open = false;
    if (!has_room(its)) continue;
    if (give_turn(worker, commands))
      note_room(worker);
    else
      idle_.push_back(worker);
  }
  // The same for all who are idle until somebody is given something: to look for each of them would cost the
  // square of their number.
  std::optional<worker_id> victim;
  for (const worker_id worker : idle_) {
    worker_record& its = workers_[worker.value];
    while (its.has_spare_thread()) {
      bool given = give_work(worker, commands);
      if (!given) {
        if (!victim) victim = longest_queue();
        given = *victim && take_from(*victim, worker, commands);
      }
      if (given || (*victim && workers_[victim->value].own.empty())) victim.reset();
      if (!given) break;
    }
  }
  for (const worker_id worker : idle_)
    note_room(worker); // for what comes later
  if (overfull_count_ > 0) steal(commands);
  own_queues_used_ = own_queues_used_ && std::any_of(workers_.begin(), workers_.end(),
                                                     [](const auto& worker) { return !worker.own.empty(); });
  drain(commands);
  advance_retirements(commands);
}

// Whether somebody with room may find something: where nothing waits, nobody is asked, however many are idle.
bool scheduler_state::work_waits() {
  return own_queues_used_ || ready_front(ready_);
}

void scheduler_state::note_room(worker_id worker) {
  worker_record& its = workers_[worker.value];
  if (its.in_open || !has_room(its)) return;
  its.in_open = true;
  open_.push_back(worker);
}

bool scheduler_state::has_room(const worker_record& worker) const {
  if (!worker.live || worker.retiring) return false;
  const std::uint32_t threads = worker.threads;
  return worker.queued() < settings_.window_tasks * threads || worker.load < settings_.window * threads;
}

// The first entry that still holds; others are dropped on the way.
task_record* scheduler_state::ready_front(priority_queue& queue) {
  while (!queue.empty()) {
    record* row = tasks_.find(queue.front());
    if (row && row->is == phase::ready) return row;
    queue.pop_front();
  }
  return nullptr;
}

// Assigns one task to a worker with room. Its own come first, but what only waits for inputs may fill half of
// the window at most while others could run at once.
bool scheduler_state::give_work(worker_id worker, scheduler_commands& commands) {
  worker_record& its = workers_[worker.value];
  record* any = ready_front(ready_);
  while (any && is_restricted(*any)) { // it became so when workers came or went
    const task_id task = ready_.front();
    ready_.pop_front();
    route_restricted(task, *any);
    any = ready_front(ready_);
  }
  record* own = ready_front(its.own); // not before: that may have put something in front
  if (!own && !any) return false;
  bool take_own = own;
  if (own && any) {
    const bool crowded = its.load_ahead >= settings_.window * its.threads / 2;
    take_own = its.own.front_priority() != ready_.front_priority()
                   ? its.own.front_priority() > ready_.front_priority()
                   : !(crowded && waits_for_inputs(*own));
  }
  priority_queue& queue = take_own ? its.own : ready_;
  const task_id task = queue.front();
  queue.pop_front();
  assign(task, take_own ? *own : *any, worker, commands);
  return true;
}

// Neighbours most likely meet again as inputs of the same task: so a turn is several of them where they are
// short and many, as Dask assigns the neighbours among its root tasks together. False if nothing was given.
bool scheduler_state::give_turn(worker_id worker, scheduler_commands& commands) {
  worker_record& its = workers_[worker.value];
  const std::int64_t full = its.load + hand_over_time;
  std::size_t left = std::min(turn_max, ready_.size() / (open_.size() + 1));
  if (!give_work(worker, commands)) return false;
  while (left > 1 && its.load < full && has_room(its) && give_work(worker, commands))
    --left;
  return true;
}

void scheduler_state::assign(task_id task, record& row, worker_id worker, scheduler_commands& commands) {
  worker_record& its = workers_[worker.value];
  row.is = phase::assigned;
  row.run.value += 1;
  row.worker = worker;
  row.outstanding = true;
  row.asked = ask::none;
  row.stolen = false;
  row.load =
      static_cast<std::uint32_t>((std::min(expected_time(row.function), longest_load) + tick - 1) / tick);
  compute_task order{task, row.run, row.function, row.priority, row.suspected, row.body, {}};
  order.inputs.reserve(row.inputs.size());
  for (const task_id id : row.inputs) {
    const record& input = *tasks_.find(id);
    row.ahead |= input.is != phase::memory;
    const worker_id holder = holds(input, worker) ? worker : input.worker;
    introduce(holder, worker, commands);
    order.inputs.push_back({id, holder});
  }
  ++its.outstanding;
  ++total_outstanding_;
  occupy(row);
  note_load(its);
  its.queue_end += row.load;
  row.queue_end = static_cast<std::uint32_t>(its.queue_end);
  // Settled assignments are swept out now and then.
  its.assignments.emplace_back(task, row.run);
  if (its.assignments.size() > 2 * its.outstanding + sweep_from)
    std::erase_if(its.assignments,
                  [&](const auto& entry) { return !outstanding_at(entry.first, worker, entry.second); });
  if (const std::string* key = users_key(row)) commands.to_workers.send(worker, task_named{task, *key});
  commands.to_workers.send(worker, std::move(order));
  placed(row);
  answer_askers(task, row, commands);
}

// Of the workers without room the one with the most ready tasks of its own; none if no such worker has any.
worker_id scheduler_state::longest_queue() const {
  worker_id longest;
  for (std::uint32_t i = 1; i < workers_.size(); ++i) {
    const worker_record& worker = workers_[i];
    if (worker.live && !worker.own.empty() && !has_room(worker) &&
        (!longest || worker.own.size() > workers_[longest.value].own.size()))
      longest = {i};
  }
  return longest;
}

// Gives an idle worker a ready task that another one would get, because its inputs are there.
bool scheduler_state::take_from(worker_id victim, worker_id thief, scheduler_commands& commands) {
  priority_queue& queue = workers_[victim.value].own;
  for (std::size_t looked = 0; looked < thefts_looked_at && !queue.empty(); ++looked) {
    const task_id task = queue.back();
    record* row = tasks_.find(task);
    if (row && row->is == phase::ready) {
      if (!may_run_on(*row, thief) || waits_for_inputs(*row)) return false;
      queue.pop_back();
      assign(task, *row, thief, commands);
      return true;
    }
    queue.pop_back();
  }
  return false;
}

// Keeps count of those that have more than their threads do, and enough to be stolen from.
void scheduler_state::note_load(worker_record& worker) {
  const std::uint32_t threads = worker.threads;
  const bool overfull =
      worker.live && worker.queued() > threads && worker.load >= settings_.stealing_threshold * threads;
  overfull_count_ += overfull;
  overfull_count_ -= std::exchange(worker.overfull, overfull);
}

// Idle threads and nothing ready: asks the worker with the most work queued to give back half of what it has
// not begun.
void scheduler_state::steal(scheduler_commands& commands) {
  std::size_t spare = 0;
  for (const worker_id worker : open_) {
    const worker_record& its = workers_[worker.value];
    if (has_room(its) && its.has_spare_thread()) spare += its.threads - its.queued();
  }
  worker_id victim;
  for (std::uint32_t i = 1; i < workers_.size(); ++i) {
    const worker_record& worker = workers_[i];
    if (worker.overfull && (!victim || worker.load > workers_[victim.value].load)) victim = {i};
  }
  if (!victim || spare == 0) return;
  worker_record& its = workers_[victim.value];
  std::size_t wanted =
      std::min<std::size_t>(spare * settings_.window_tasks, (its.queued() - its.threads + 1) / 2);
  // What its threads do now, or next, is no queue: taking the first of a chain takes the whole chain, and
  // then it is the thief who has too much and the victim who has nothing.
  std::size_t kept = 0;
  auto first = its.assignments.begin();
  for (std::size_t looked = 0; kept < its.threads; ++first, ++looked) {
    if (first == its.assignments.end() || looked == thefts_looked_at) return;
    record* row = outstanding_at(first->first, victim, first->second);
    if (!row || row->seceded) continue;
    // What was cancelled and has not come back may run until it pleases.
    const bool runs_on = row->asked == ask::abort;
    if (runs_on || (row->is == phase::assigned && row->asked == ask::none && !waits_for_inputs(*row))) ++kept;
  }
  std::size_t looked = 0;
  const auto end = std::make_reverse_iterator(first);
  for (auto entry = its.assignments.rbegin(); entry != end && wanted > 0 && looked < thefts_looked_at;
       ++entry, ++looked) {
    record* row = outstanding_at(entry->first, victim, entry->second);
    if (!row) continue;
    if (row->asked == ask::back) --wanted; // on its way already
    if (row->is != phase::assigned || row->asked != ask::none || row->kept || row->seceded || row->scattered)
      continue;
    if (is_restricted(*row) || waits_for_inputs(*row)) continue;
    row->stolen = true;
    ask_back(entry->first, *row, ask::back, commands);
    --wanted;
  }
}

} // namespace weft::detail
