#include "runtime/holder/holder_state.hpp"

#include "runtime/core/check.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <utility>

namespace weft::detail {

namespace {

slot_status status_of(const future_slot& slot) noexcept {
  return slot.status.load(std::memory_order_relaxed);
}

} // namespace

// -- what the user does -----------------------------------------------------------------------------------

task_id holder_state::submit(submission&& what, holder_commands& commands) {
  const task_id task = new_task(what.demands);
  future_slot& slot = *slots_.find(task);
  slot.function = what.function;
  slot.nbytes = what.body ? what.body->nbytes() : 0;
  ++pending_;
  pending_bytes_ += slot.nbytes;
  if (failure_ptr why = failure_of_inputs(what)) {
    fail(task, slot, std::move(why), commands);
    return task;
  }
  slot.known = true;
  commands.to_scheduler.emplace_back(submit_task{.task = task,
                                                 .function = what.function,
                                                 .priority = what.priority,
                                                 .retries = what.retries,
                                                 .body = std::move(what.body),
                                                 .inputs = std::move(what.inputs),
                                                 .demands = std::move(what.demands)});
  return task;
}

task_id holder_state::scatter(value_ptr value, demands_ptr demands, holder_commands& commands) {
  const task_id task = new_task(demands);
  future_slot& slot = *slots_.find(task);
  slot.scattered = true;
  slot.known = true;
  slot.nbytes = value->nbytes();
  slot.value = std::move(value);
  ++pending_;
  pending_bytes_ += slot.nbytes;
  in_transit_.emplace(task, std::move(demands));
  put_somewhere(task, slot, commands);
  return task;
}

void holder_state::release(task_id task, holder_commands& commands) {
  future_slot* slot = slots_.find(task);
  if (!slot) return;
  if (slot->scattered && slot->known && in_transit_.contains(task)) {
    // Tasks that were submitted may need the datum, and nobody else has it yet.
    slot->leaving = true;
    slot->watchers.clear();
    return;
  }
  release_at_scheduler(task, *slot, commands);
  uncount(*slot);
  if (slot->value) commands.garbage.push_back(std::move(slot->value));
  if (slot->keyed) {
    const auto named = keys_of_tasks_.find(task);
    keys_.erase(keys_.find(*named->second));
    keys_of_tasks_.erase(named);
  }
  if (slot->scattered) in_transit_.erase(task);
  if (status_of(*slot) == slot_status::refused) refusals_.erase(task);
  slots_.erase(task);
}

void holder_state::cancel(task_id task, const std::string& reason, holder_commands& commands) {
  future_slot* slot = slots_.find(task);
  if (!slot || is_final(status_of(*slot))) return;
  if (slot->known) commands.to_scheduler.emplace_back(cancel_task{.task = task, .reason = reason});
  fail(task, *slot, failure::make(failure_kind::cancelled, reason), commands);
}

void holder_state::want_value(task_id task, holder_commands& commands) {
  future_slot* slot = slots_.find(task);
  if (!slot || is_answered(status_of(*slot))) return;
  slot->fetch_wanted = true;
  if (status_of(*slot) == slot_status::elsewhere) fetch(task, *slot, commands);
}

void holder_state::ask_take(task_id task, holder_commands& commands) {
  future_slot* slot = slots_.find(task);
  if (!slot || status_of(*slot) != slot_status::here || slot->take == take_state::granted) {
    // Granted when whoever asked had given up waiting: nobody else has the value since.
    commands.answers.emplace_back(
        take_answered{.task = task, .granted = slot && status_of(*slot) == slot_status::here});
    return;
  }
  if (slot->take == take_state::asked) return; // the answer is on its way
  slot->take = take_state::asked;
  if (slot->known)
    commands.to_scheduler.emplace_back(take_value{.task = task});
  else // nobody else knows of it any more
    answer_take(task, *slot, true, commands);
}

value_ptr holder_state::take(task_id task, holder_commands& commands) {
  future_slot* slot = slots_.find(task);
  if (!slot || status_of(*slot) != slot_status::here) return nullptr;
  value_ptr value = std::move(slot->value);
  release_at_scheduler(task, *slot, commands);
  publish(task, *slot, slot_status::taken, commands);
  return value;
}

void holder_state::watch(task_id task, std::uint64_t watcher, bool value, holder_commands& commands) {
  future_slot* slot = slots_.find(task);
  if (!slot) return;
  const slot_status status = status_of(*slot);
  if (value ? is_answered(status) : is_done(status)) {
    commands.completed.emplace_back(watcher, task);
    return;
  }
  slot->watchers.push_back({.number = watcher, .value = value});
  if (value) want_value(task, commands);
}

void holder_state::unwatch(task_id task, std::uint64_t watcher) {
  if (future_slot* slot = slots_.find(task))
    slot->watchers.remove_if([&](const slot_watcher& each) { return each.number == watcher; });
}

void holder_state::close(const std::string& reason, holder_commands& commands) {
  if (closed_) return;
  closed_ = true;
  const failure_ptr why = failure::make(failure_kind::cancelled, reason);
  slots_.for_each([&](task_id task, future_slot& slot) {
    release_at_scheduler(task, slot, commands);
    end_without_scheduler(task, slot, why, commands);
  });
}

// -- what others say --------------------------------------------------------------------------------------

void holder_state::step(holder_event&& event, holder_commands& commands) {
  std::visit([&](auto& its) { on(its, commands); }, event);
}

void holder_state::on(result_ready& event, holder_commands& commands) {
  future_slot* slot = slots_.find(event.task);
  const bool stale = !slot || is_final(status_of(*slot)) || event.run < slot->run;
  if (stale || status_of(*slot) == slot_status::here) {
    if (!stale) slot->run = event.run; // computed again, for others
    if (event.value) commands.garbage.push_back(std::move(event.value));
    return;
  }
  if (slot->scattered) in_transit_.erase(event.task);
  if (slot->leaving) {
    if (event.value) commands.garbage.push_back(std::move(event.value));
    return release(event.task, commands);
  }
  slot->run = event.run;
  uncount(*slot);
  slot->nbytes = event.nbytes;
  if (!event.value && slot->value) event.value = keep_scattered(*slot, event.worker, commands);
  if (event.value) {
    slot->worker = event.worker;
    finish(event.task, *slot, std::move(event.value), commands);
    return;
  }
  if (slot->worker != event.worker) slot->fetching = false; // what was asked of another will be ignored
  slot->worker = event.worker;
  if (status_of(*slot) != slot_status::elsewhere)
    publish(event.task, *slot, slot_status::elsewhere, commands);
  if (slot->fetch_wanted) fetch(event.task, *slot, commands);
}

void holder_state::on(result_failed& event, holder_commands& commands) {
  future_slot* slot = slots_.find(event.task);
  if (!slot || is_final(status_of(*slot)) || status_of(*slot) == slot_status::here) return;
  fail(event.task, *slot, std::move(event.failure), commands);
}

void holder_state::on(result_lost& event, holder_commands& commands) {
  future_slot* slot = slots_.find(event.task);
  if (!slot || (status_of(*slot) != slot_status::elsewhere && status_of(*slot) != slot_status::refused))
    return;
  slot->fetching = false;
  slot->worker = {};
  publish(event.task, *slot, slot_status::lost, commands);
}

void holder_state::on(scatter_again& event, holder_commands& commands) {
  future_slot* slot = slots_.find(event.task);
  if (!slot || !in_transit_.contains(event.task)) return;
  const bool was_put = static_cast<bool>(slot->worker);
  slot->worker = choose_worker(in_transit_.at(event.task));
  if (slot->worker)
    put(event.task, *slot, commands);
  else if (was_put) // the scheduler shall forget the worker, too
    tell_scattered(event.task, *slot, commands);
}

void holder_state::on(take_answered& event, holder_commands& commands) {
  future_slot* slot = slots_.find(event.task);
  if (slot && slot->take == take_state::asked) answer_take(event.task, *slot, event.granted, commands);
}

void holder_state::on(task_explained& event, holder_commands& commands) {
  commands.answers.emplace_back(std::move(event));
}

void holder_state::on(holders_described& event, holder_commands& commands) {
  commands.answers.emplace_back(std::move(event));
}

void holder_state::on(cluster_described& event, holder_commands& commands) {
  commands.answers.emplace_back(std::move(event));
}

void holder_state::on(worker_introduced& event, holder_commands& commands) {
  workers_[event.worker] = event.attributes;
  commands.introductions.emplace_back(event.worker, std::move(event.attributes));
  for (const auto& [task, demands] : in_transit_) {
    future_slot& slot = *slots_.find(task);
    if (slot.worker) continue;
    slot.worker = choose_worker(demands);
    if (slot.worker) put(task, slot, commands);
  }
}

// What was on its way there: those who move data say that they cannot deliver, the scheduler says what was
// lost.
void holder_state::on(worker_gone& event, holder_commands& commands) {
  if (workers_.erase(event.worker) > 0) commands.departures.push_back(event.worker);
}

void holder_state::on(scheduler_lost& event, holder_commands& commands) {
  if (scheduler_lost_) return;
  scheduler_lost_ = failure::make(failure_kind::connection, "the scheduler is gone: " + event.how);
  const failure_ptr why = failure::make(failure_kind::cancelled, scheduler_lost_->messages.front());
  slots_.for_each([&](task_id task, future_slot& slot) {
    slot.known = false;
    const bool somewhere = status_of(slot) == slot_status::elsewhere && slot.worker;
    if (!somewhere && status_of(slot) != slot_status::refused)
      end_without_scheduler(task, slot, why, commands);
  });
}

void holder_state::on(value_fetched& event, holder_commands& commands) {
  future_slot* slot = slots_.find(event.task);
  const bool wanted = slot && status_of(*slot) == slot_status::elsewhere && slot->worker == event.from;
  if (wanted)
    finish(event.task, *slot, std::move(event.value), commands);
  else
    commands.garbage.push_back(std::move(event.value));
}

void holder_state::on(value_unreachable& event, holder_commands& commands) {
  future_slot* slot = slots_.find(event.task);
  if (!slot || slot->worker != event.from) return;
  if (status_of(*slot) != slot_status::elsewhere || !slot->fetching) return;
  slot->worker = {};
  if (slot->known)
    commands.to_scheduler.emplace_back(locate_value{.task = event.task, .unreachable = event.from});
  else
    fail(event.task, *slot,
         failure::make(failure_kind::lost_data, "the value cannot be fetched and the scheduler is gone"),
         commands);
}

// Some of it may have arrived: the scheduler knows, and has the rest put again.
void holder_state::on(worker_unreachable& event, holder_commands& commands) {
  for (const auto& [task, demands] : in_transit_)
    if (const future_slot& slot = *slots_.find(task); slot.worker == event.worker && slot.known)
      commands.to_scheduler.emplace_back(locate_value{.task = task, .unreachable = event.worker});
}

void holder_state::on(fetch_refused& event, holder_commands& commands) {
  future_slot* slot = slots_.find(event.task);
  if (slot && in_transit_.contains(event.task) && slot->worker == event.from) {
    if (slot->known)
      commands.to_scheduler.emplace_back(fail_task{.task = event.task, .failure = event.failure});
    return fail(event.task, *slot, std::move(event.failure), commands);
  }
  // Only here: the task is finished, and what needs it may run where its value is.
  if (slot && status_of(*slot) == slot_status::elsewhere && slot->worker == event.from)
    refuse(event.task, *slot, std::move(event.failure), commands);
}

failure_ptr holder_state::refusal_of(task_id task) const {
  const auto found = refusals_.find(task);
  return found == refusals_.end() ? nullptr : found->second;
}

// -- what happens to a slot -------------------------------------------------------------------------------

void holder_state::require_not_ended() const {
  if (closed_) throw cancelled_error("client closed");
  if (scheduler_lost_) scheduler_lost_->raise();
}

task_id holder_state::new_task(const demands_ptr& demands) {
  require_not_ended();
  const bool has_key = demands && !demands->key.empty();
  if (has_key && keys_.contains(demands->key))
    throw key_conflict("the key '" + demands->key + "' is in use by another future of this client");
  const task_id task = task_id::make(self_, next_sequence_++);
  future_slot& slot = slots_.insert(task);
  if (has_key) {
    keys_of_tasks_.emplace(task, &keys_.emplace(demands->key, task).first->first);
    slot.keyed = true;
  }
  return task;
}

// Null if the task can be computed. The scheduler finds the same out for what fails while the submission
// travels.
failure_ptr holder_state::failure_of_inputs(const submission& what) const {
  for (const task_id input : what.inputs) {
    const future_slot* slot = slots_.find(input);
    if (!slot) return failure::make(failure_kind::cancelled, "lost dependency: an input was released before");
    if (slot->failure) return slot->failure;
    if (slot->take != take_state::none)
      return failure::make(failure_kind::cancelled, "lost dependency: an input's value was taken");
  }
  return nullptr;
}

// The last thing that is done to a slot for one event: who reads the new status may read the rest at once.
void holder_state::publish(task_id task, future_slot& slot, slot_status status, holder_commands& commands) {
  if (is_done(status)) uncount(slot);
  const bool no_more = is_answered(status);
  if (no_more) slot.fetching = false;
  if (status == slot_status::here || is_final(status)) slot.fetch_wanted = false;
  if (status_of(slot) == slot_status::refused) refusals_.erase(task);
  slot.status.store(status, std::memory_order_release);
  commands.changed.push_back(task);
  if (slot.watchers.empty() || !is_done(status)) return;
  const auto ends = [&](const slot_watcher& each) { return no_more || !each.value; };
  for (const slot_watcher& each : slot.watchers)
    if (ends(each)) commands.completed.emplace_back(each.number, task);
  slot.watchers.remove_if(ends);
}

void holder_state::fail(task_id task, future_slot& slot, failure_ptr why, holder_commands& commands) {
  // A value that was published stays until the slot ends: somebody may be reading it.
  if (slot.value && status_of(slot) != slot_status::here) commands.garbage.push_back(std::move(slot.value));
  in_transit_.erase(task);
  if (slot.take == take_state::asked) answer_take(task, slot, false, commands);
  const bool cancelled = why->kind == failure_kind::cancelled;
  slot.failure = std::move(why);
  publish(task, slot, cancelled ? slot_status::cancelled : slot_status::failed, commands);
  if (slot.leaving) release(task, commands);
}

// It stays wanted, so that it is asked for again if it is computed again: who slept on it may not have looked
// before that.
void holder_state::refuse(task_id task, future_slot& slot, failure_ptr why, holder_commands& commands) {
  publish(task, slot, slot_status::refused, commands);
  refusals_[task] = std::move(why);
}

void holder_state::finish(task_id task, future_slot& slot, value_ptr value, holder_commands& commands) {
  uncount(slot);
  slot.nbytes = value->nbytes();
  slot.value = std::move(value);
  publish(task, slot, slot_status::here, commands);
}

void holder_state::fetch(task_id task, future_slot& slot, holder_commands& commands) {
  if (slot.fetching) return;
  slot.fetching = true;
  commands.to_peers.emplace_back(request_value{.worker = slot.worker, .task = task});
}

void holder_state::uncount(future_slot& slot) {
  if (!slot.counted) return;
  slot.counted = false;
  --pending_;
  pending_bytes_ -= slot.nbytes;
  if (!slot.scattered) slot.nbytes = 0;
}

void holder_state::release_at_scheduler(task_id task, future_slot& slot, holder_commands& commands) {
  if (!slot.known) return;
  slot.known = false;
  commands.to_scheduler.emplace_back(release_task{.task = task});
}

// Nothing will come for this slot any more.
void holder_state::end_without_scheduler(task_id task, future_slot& slot, const failure_ptr& why,
                                         holder_commands& commands) {
  slot.known = false;
  if (slot.take == take_state::asked) answer_take(task, slot, false, commands);
  const slot_status status = status_of(slot);
  if (status != slot_status::here && !is_final(status)) fail(task, slot, why, commands);
}

void holder_state::answer_take(task_id task, future_slot& slot, bool granted, holder_commands& commands) {
  slot.take = granted ? take_state::granted : take_state::none;
  commands.answers.emplace_back(take_answered{.task = task, .granted = granted});
}

// -- scattered data ---------------------------------------------------------------------------------------

// The scheduler hears of it even if there is no worker yet: tasks that need it may follow.
void holder_state::put_somewhere(task_id task, future_slot& slot, holder_commands& commands) {
  slot.worker = choose_worker(in_transit_.at(task));
  if (slot.worker)
    put(task, slot, commands);
  else
    tell_scattered(task, slot, commands);
}

void holder_state::put(task_id task, future_slot& slot, holder_commands& commands) {
  last_scattered_to_ = slot.worker;
  tell_scattered(task, slot, commands);
  commands.to_peers.emplace_back(put_value{.worker = slot.worker, .task = task, .value = slot.value});
}

void holder_state::tell_scattered(task_id task, const future_slot& slot, holder_commands& commands) {
  commands.to_scheduler.emplace_back(scatter_task{
      .task = task, .worker = slot.worker, .nbytes = slot.nbytes, .demands = in_transit_.at(task)});
}

// A worker has stored it. Its own copy stays where that costs nothing, or where somebody waits for it.
value_ptr holder_state::keep_scattered(future_slot& slot, worker_id worker, holder_commands& commands) {
  const auto its = workers_.find(worker);
  const bool shared = its != workers_.end() && its->second->shares_process;
  if (shared || slot.fetch_wanted) return std::move(slot.value);
  commands.garbage.push_back(std::move(slot.value));
  return nullptr;
}

// The next one in turn after the last, so that data spreads evenly; none if there is none that will do.
worker_id holder_state::choose_worker(const demands_ptr& demands) const {
  const auto next = [&](auto&& suits) -> worker_id {
    worker_id first;
    for (const auto& [worker, attributes] : workers_) {
      if (!suits(*attributes)) continue;
      if (worker > last_scattered_to_) return worker;
      if (!first) first = worker;
    }
    return first;
  };
  if (!demands || demands->workers.empty()) return next([](const worker_attributes&) { return true; });
  const worker_id named = next([&](const worker_attributes& attributes) {
    return std::find(demands->workers.begin(), demands->workers.end(), attributes.name) !=
           demands->workers.end();
  });
  if (named || !demands->allow_other_workers) return named;
  return next([](const worker_attributes&) { return true; });
}

// -- for tests --------------------------------------------------------------------------------------------

void holder_state::check_invariants() {
  std::uint64_t pending = 0;
  std::uint64_t bytes = 0;
  std::size_t keys = 0;
  std::size_t in_transit = 0;
  std::size_t refused = 0;
  slots_.for_each([&](task_id task, future_slot& slot) {
    const slot_status status = status_of(slot);
    pending += slot.counted;
    bytes += slot.counted ? slot.nbytes : 0;
    keys += slot.keyed;
    in_transit += in_transit_.contains(task);
    refused += status == slot_status::refused;
    WEFT_CHECK(!slot.counted || !is_done(status), "what is done is not pending");
    WEFT_CHECK(slot.counted || status != slot_status::pending, "what is pending is counted");
    WEFT_CHECK(static_cast<bool>(slot.failure) ==
                   (status == slot_status::failed || status == slot_status::cancelled),
               "a failure is there where the status says so");
    WEFT_CHECK((status == slot_status::refused) == static_cast<bool>(refusal_of(task)),
               "a value that cannot come has a reason");
    WEFT_CHECK(status != slot_status::here || slot.value, "a value is there where the status says so");
    WEFT_CHECK(!in_transit_.contains(task) ||
                   (status == slot_status::pending && slot.value && slot.scattered),
               "what is to be stored is kept until it is");
    WEFT_CHECK(!slot.fetching || status == slot_status::elsewhere, "what is fetched is elsewhere");
    WEFT_CHECK(!slot.keyed || keys_.at(users_key(task)) == task, "a key leads to its task");
    WEFT_CHECK(!is_final(status) || slot.watchers.empty(), "nobody waits for what is final");
  });
  WEFT_CHECK(pending == pending_ && bytes == pending_bytes_, "counts are exact");
  WEFT_CHECK(keys == keys_.size() && in_transit == in_transit_.size() && refused == refusals_.size(),
             "each key, datum and refusal has its slot");
}

} // namespace weft::detail
