#include "runtime/worker/worker_state.hpp"

#include "runtime/core/check.hpp"

namespace weft::detail {

namespace {

using phase = worker_task::phase;

// How long anything may stay unanswered before the scheduler is asked again, or a question about an unknown
// task is sent back. It bounds a wait for messages, not for tasks: those may rightly run for hours.
constexpr std::chrono::seconds patience{5};

// If more tasks of this worker wait inside for others, what comes then goes first: it is what they wait for,
// and each of them costs a thread. The scheduler does the same with what it has not handed out, counting the
// waits of all workers (scheduler_settings::many_waits).
constexpr std::size_t many_waits_here = 16;

} // namespace

void worker_state::step(instant now, worker_event&& event, worker_commands& commands) {
  std::visit([&](auto& its) { on(now, its, commands); }, event);
}

// -- from the scheduler
// ----------------------------------------------------------------------------------------

void worker_state::on(instant now, compute_task& event, worker_commands& commands) {
  worker_task& row = row_for(event.task);
  if (row.is == phase::stored) {
    // A copy from before the value was lost elsewhere: the scheduler did not know, now it does.
    row.run = event.run;
    row.dropped = false;
    commands.to_scheduler.emplace_back(
        task_finished{self_, event.task, event.run, 0, row.value->nbytes(), row.value});
    commands.garbage_bodies.push_back(std::move(event.body));
    return;
  }
  if (row.is != phase::expected && row.is != phase::fetching) {
    // It is computed here already. Under another run, that run will not be.
    if (row.run != event.run)
      commands.to_scheduler.emplace_back(task_given_back{self_, event.task, event.run});
    commands.garbage_bodies.push_back(std::move(event.body));
    return;
  }
  row.run = event.run;
  row.function = event.function;
  row.priority = event.priority;
  row.announce = event.announce;
  row.aborted = false;
  row.keep = false;
  row.source = {};
  row.body = std::move(event.body);
  row.missing_inputs = 0;
  row.turn = waiting_count_ > many_waits_here ? next_ahead_-- : next_turn_++;
  change(row, phase::waiting);
  for (const input_location& location : event.inputs) {
    row.inputs.push_back(location.task);
    worker_task& input = row_for(location.task);
    ++input.readers;
    if (input.is == phase::stored) continue;
    ++row.missing_inputs;
    input.consumers.push_back(event.task);
    if (input.is == phase::expected) fetch(now, location.task, input, location.worker, commands);
  }
  if (row.missing_inputs == 0) make_ready(event.task, row, commands);
}

void worker_state::on(instant, give_back_task& event, worker_commands& commands) {
  worker_task* row = tasks_.find(event.task);
  const bool known = row && row->run == event.run;
  if (known && (row->is == phase::waiting || row->is == phase::ready)) {
    give_back({event.task}, commands);
  } else if (known && row->is == phase::running && event.abort) {
    // Answered when the thread returns: until then the slot is taken.
    row->aborted = true;
    commands.to_stop.emplace_back(event.task, event.run);
    answer_moved(event.task, *row, commands);
    give_back(std::exchange(row->consumers, {}), commands);
  } else {
    // Also if it is done and not wanted: tasks that are about to run may read the value, and are asked back
    // only later.
    commands.to_scheduler.emplace_back(task_kept{self_, event.task, event.run});
  }
}

void worker_state::on(instant, drop_replica& event, worker_commands& commands) {
  ++drops_heard_;
  worker_task* row = tasks_.find(event.task);
  if (!row) return;
  // What reads it here was to be asked back before; if it was not, it shall have what it was promised.
  if (row->readers == 0 && (row->is == phase::stored || row->is == phase::fetching))
    end_row(event.task, *row, commands);
  else
    row->dropped = row->is == phase::stored;
}

void worker_state::on(instant now, input_located& event, worker_commands& commands) {
  worker_task* row = tasks_.find(event.task);
  if (row && row->is == phase::fetching && row->source != event.worker)
    fetch(now, event.task, *row, event.worker, commands);
}

void worker_state::on(instant now, acquire_replica& event, worker_commands& commands) {
  worker_task& row = row_for(event.task);
  if (row.is == phase::stored) {
    row.dropped = false;
    commands.to_scheduler.emplace_back(replica_added{self_, event.task, drops_heard_});
  } else if (row.is == phase::expected || row.is == phase::fetching) {
    row.keep = true;
    if (row.is == phase::expected) fetch(now, event.task, row, event.from, commands);
  }
}

void worker_state::on(instant, peer_introduced& event, worker_commands& commands) {
  commands.introductions.push_back(std::move(event));
}

void worker_state::on(instant now, peer_lost& event, worker_commands& commands) {
  ask_where_all_from(now, event.worker, commands);
}

void worker_state::on(instant, leave&, worker_commands& commands) {
  commands.leave = true;
}

void worker_state::on(instant, task_named& event, worker_commands&) {
  keys_.try_emplace(event.task, std::move(event.key)); // the same whenever it is said
}

// -- from the executor threads
// ---------------------------------------------------------------------------------

void worker_state::on(instant now, run_finished& event, worker_commands& commands) {
  worker_task* row = tasks_.find(event.task);
  WEFT_CHECK(row && row->is == phase::running && row->run == event.run, "a task ended that was not running");
  measure(row->function, event.duration);
  if (row->aborted) {
    commands.to_scheduler.emplace_back(task_given_back{self_, event.task, event.run});
    commands.garbage_values.push_back(std::move(event.value));
    end_attempt(now, event.task, *row, commands);
    return;
  }
  // The report goes out before what it sets free is begun, so that the scheduler hears causes before effects.
  commands.to_scheduler.emplace_back(
      task_finished{self_, event.task, event.run, event.duration, event.value->nbytes(), event.value});
  store(event.task, *row, std::move(event.value), commands);
}

void worker_state::on(instant now, run_failed& event, worker_commands& commands) {
  worker_task* row = tasks_.find(event.task);
  WEFT_CHECK(row && row->is == phase::running && row->run == event.run, "a task failed that was not running");
  if (row->aborted) {
    commands.to_scheduler.emplace_back(task_given_back{self_, event.task, event.run});
    end_attempt(now, event.task, *row, commands);
    return;
  }
  commands.to_scheduler.emplace_back(
      task_failed{self_, event.task, event.run, event.duration, std::move(event.failure)});
  end_attempt(now, event.task, *row, commands);
}

void worker_state::on(instant now, run_abandoned& event, worker_commands& commands) {
  worker_task* row = tasks_.find(event.task);
  WEFT_CHECK(row && row->is == phase::running && row->run == event.run,
             "a task was abandoned that was not running");
  commands.to_scheduler.emplace_back(task_given_back{self_, event.task, event.run});
  end_attempt(now, event.task, *row, commands);
}

void worker_state::on(instant, run_seceded& event, worker_commands& commands) {
  ++waiting_count_;
  const function_id function = tasks_.find(event.task)->function;
  if (function.value >= waits_.size()) waits_.resize(function.value + 1);
  waits_[function.value] = true;
  commands.to_scheduler.emplace_back(task_seceded{self_, event.task, event.run});
}

void worker_state::on(instant, run_rejoined& event, worker_commands& commands) {
  --waiting_count_;
  commands.to_scheduler.emplace_back(task_rejoined{self_, event.task, event.run});
}

// -- from those who move data
// ----------------------------------------------------------------------------------

void worker_state::on(instant now, value_requested& event, worker_commands& commands) {
  worker_task& row = row_for(event.task);
  if (row.is == phase::stored) {
    commands.to_peers.emplace_back(send_value{event.requester, event.task, row.value});
  } else if (row.is == phase::running && row.aborted) {
    commands.to_peers.emplace_back(send_moved{event.requester, event.task});
  } else {
    if (row.is == phase::expected && row.questions.empty() && row.consumers.empty())
      set_deadline(now, event.task, row);
    if (!row.questions.contains(event.requester)) row.questions.push_back(event.requester);
  }
}

void worker_state::on(instant, value_put& event, worker_commands& commands) {
  worker_task& row = row_for(event.task);
  const bool here = row.is == phase::stored; // fetched before, or put before
  if (!here && row.is != phase::expected && row.is != phase::fetching) {
    commands.garbage_values.push_back(
        std::move(event.value)); // no datum but a task that this worker computes
    return;
  }
  row.run = run_id{1};
  row.dropped = false;
  commands.to_scheduler.emplace_back(
      task_finished{self_, event.task, row.run, 0, event.value->nbytes(), nullptr});
  if (here)
    commands.garbage_values.push_back(std::move(event.value));
  else
    store(event.task, row, std::move(event.value), commands);
}

void worker_state::on(instant, value_arrived& event, worker_commands& commands) {
  worker_task* row = tasks_.find(event.task);
  if (!row || row->is != phase::fetching) { // given back meanwhile, or it came twice
    commands.garbage_values.push_back(std::move(event.value));
    return;
  }
  commands.to_scheduler.emplace_back(replica_added{self_, event.task, drops_heard_});
  store(event.task, *row, std::move(event.value), commands);
}

void worker_state::on(instant now, value_moved& event, worker_commands& commands) {
  worker_task* row = tasks_.find(event.task);
  if (row && row->is == phase::fetching && row->source == event.from)
    ask_where(now, event.task, *row, commands);
}

void worker_state::on(instant now, value_refused& event, worker_commands& commands) {
  worker_task* row = tasks_.find(event.task);
  if (!row || row->is != phase::fetching || row->source != event.from) return;
  for (const task_id consumer : std::exchange(row->consumers, {})) {
    worker_task* its = tasks_.find(consumer);
    commands.to_scheduler.emplace_back(task_failed{self_, consumer, its->run, 0, event.failure});
    forget_inputs(consumer, *its, commands);
    end_attempt(now, consumer, *its, commands);
  }
  row = tasks_.find(event.task);
  if (row) end_row(event.task, *row, commands);
}

void worker_state::on(instant now, peer_unreachable& event, worker_commands& commands) {
  ask_where_all_from(now, event.worker, commands);
}

void worker_state::on(instant, requester_gone& event, worker_commands& commands) {
  tasks_.for_each([&](task_id task, worker_task& row) {
    row.questions.remove_if([&](requester_id id) { return id == event.requester; });
    if (row.is == phase::expected && row.questions.empty() && row.consumers.empty())
      end_row(task, row, commands);
  });
}

// -- running
// ---------------------------------------------------------------------------------------------------

std::optional<ready_task> worker_state::take(worker_commands& commands) {
  task_id task;
  worker_task* row = next_ready(task);
  if (!row) return std::nullopt;
  ready_task taken;
  start(task, *row, taken, commands);
  return taken;
}

std::int64_t worker_state::take_several(std::int64_t budget, std::size_t most, std::vector<ready_task>& taken,
                                        worker_commands& commands) {
  std::int64_t expected = 0;
  task_id task;
  while (taken.size() < most) {
    worker_task* row = next_ready(task);
    if (!row) break;
    const std::int64_t its = expected_time(row->function);
    const bool alone = row->announce || its == 0;
    const bool awaited = !row->questions.empty(); // elsewhere: what follows must not hold it up
    if (!taken.empty() && (alone || expected + its > budget)) break;
    start(task, *row, taken.emplace_back(), commands);
    expected += its;
    if (alone || awaited) break;
  }
  return expected;
}

// The next entry that still holds; others are dropped on the way.
worker_task* worker_state::next_ready(task_id& task) {
  while (!ready_.empty()) {
    task = ready_.front();
    worker_task* row = tasks_.find(task);
    if (row && row->is == phase::ready) return row;
    ready_.pop_front();
  }
  return nullptr;
}

void worker_state::start(task_id task, worker_task& row, ready_task& taken, worker_commands& commands) {
  ready_.pop_front();
  change(row, phase::running);
  taken.task = task;
  taken.run = row.run;
  taken.function = row.function;
  taken.announced = row.announce;
  if (const auto named = keys_.find(task); named != keys_.end()) taken.key = &named->second;
  taken.body = std::move(row.body);
  taken.inputs.reserve(row.inputs.size());
  for (const task_id id : row.inputs) {
    worker_task& input = *tasks_.find(id);
    taken.inputs.push_back(input.value);
    end_reading(id, input, commands);
  }
  row.inputs.clear();
  if (row.announce) commands.to_scheduler.emplace_back(task_started{self_, task, row.run});
}

void worker_state::measure(function_id function, std::int64_t duration) {
  if (function.value >= mean_times_.size()) mean_times_.resize(function.value + 1);
  std::int64_t& mean = mean_times_[function.value];
  mean = mean == 0 ? std::max<std::int64_t>(duration, 1)
                   : std::max<std::int64_t>(mean + (duration - mean) / 8, 1);
}

std::int64_t worker_state::expected_time(function_id function) const {
  if (function.value < waits_.size() && waits_[function.value]) return 0;
  return function.value < mean_times_.size() ? mean_times_[function.value] : 0;
}

// -- deadlines
// -------------------------------------------------------------------------------------------------

std::optional<instant> worker_state::next_deadline() const {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.front().first);
}

void worker_state::tick(instant now, worker_commands& commands) {
  while (!deadlines_.empty() && deadlines_.front().first <= now) {
    const auto [deadline, task] = deadlines_.front();
    deadlines_.pop_front();
    worker_task* row = tasks_.find(task);
    if (!row || row->deadline != deadline) continue;
    if (row->is == phase::expected && row->consumers.empty()) {
      end_row(task, *row, commands); // asked for and never assigned: the asker shall ask the scheduler
    } else if (row->is == phase::expected || row->is == phase::fetching) {
      change(*row, phase::fetching);
      ask_where(now, task, *row, commands);
    }
  }
}

void worker_state::set_deadline(instant now, task_id task, worker_task& row) {
  row.deadline = now + patience;
  deadlines_.emplace_back(row.deadline, task);
}

// -- rows
// ------------------------------------------------------------------------------------------------------

worker_task& worker_state::row_for(task_id task) {
  worker_task* row = tasks_.find(task);
  return row ? *row : tasks_.insert(task);
}

void worker_state::change(worker_task& row, phase to) {
  ready_count_ += (to == phase::ready) - (row.is == phase::ready);
  running_count_ += (to == phase::running) - (row.is == phase::running);
  blocked_count_ += (to == phase::waiting) - (row.is == phase::waiting);
  row.is = to;
}

void worker_state::make_ready(task_id task, worker_task& row, worker_commands& commands) {
  change(row, phase::ready);
  ready_.push(row.priority, row.turn, task);
  ++commands.newly_ready;
}

void worker_state::store(task_id task, worker_task& row, value_ptr value, worker_commands& commands) {
  change(row, phase::stored);
  stored_bytes_ += value->nbytes();
  row.value = std::move(value);
  row.source = {};
  for (const task_id consumer : row.consumers) {
    worker_task& its = *tasks_.find(consumer);
    if (--its.missing_inputs == 0) make_ready(consumer, its, commands);
  }
  row.consumers.clear();
  for (const requester_id requester : row.questions)
    commands.to_peers.emplace_back(send_value{requester, task, row.value});
  row.questions.clear();
}

void worker_state::fetch(instant now, task_id task, worker_task& row, worker_id from,
                         worker_commands& commands) {
  change(row, phase::fetching);
  set_deadline(now, task, row);
  // "From here" although it is not here: it failed meanwhile, and the scheduler will take back what waits for
  // it.
  row.source = from == self_ ? worker_id{} : from;
  if (row.source) commands.to_peers.emplace_back(request_value{from, task});
}

void worker_state::ask_where(instant now, task_id task, worker_task& row, worker_commands& commands) {
  commands.to_scheduler.emplace_back(input_unreachable{self_, task, std::exchange(row.source, {})});
  set_deadline(now, task, row);
}

void worker_state::ask_where_all_from(instant now, worker_id lost, worker_commands& commands) {
  tasks_.for_each([&](task_id task, worker_task& row) {
    if (row.is == phase::fetching && row.source == lost) ask_where(now, task, row, commands);
  });
}

// Gives back these tasks, which wait or are ready, and all that wait for them.
void worker_state::give_back(inline_list<task_id, 1> first, worker_commands& commands) {
  std::vector<task_id> pending(first.begin(), first.end());
  for (std::size_t next = 0; next < pending.size(); ++next) {
    const task_id task = pending[next];
    worker_task* row = tasks_.find(task);
    if (!row || (row->is != phase::waiting && row->is != phase::ready)) continue; // met on another path
    forget_inputs(task, *row, commands);
    commands.to_scheduler.emplace_back(task_given_back{self_, task, row->run});
    pending.insert(pending.end(), row->consumers.begin(), row->consumers.end());
    row->consumers.clear();
    end_row(task, *row, commands);
  }
}

// One task less has it as an input.
void worker_state::end_reading(task_id task, worker_task& row, worker_commands& commands) {
  if (--row.readers == 0 && row.dropped) end_row(task, row, commands);
}

// It will not read its inputs; what was only fetched or expected for it is not needed any more. Who asked for
// that here is sent back to the scheduler: two workers that only ask each other would do so for ever.
void worker_state::forget_inputs(task_id task, worker_task& row, worker_commands& commands) {
  for (const task_id id : row.inputs) {
    worker_task* input = tasks_.find(id);
    if (!input) continue; // given back at the same time
    const bool waited = input->consumers.remove(task);
    end_reading(id, *input, commands);
    if (!waited) continue;
    const bool idle = input->consumers.empty() && !input->keep;
    if (idle && (input->is == phase::fetching || input->is == phase::expected)) end_row(id, *input, commands);
  }
  row.inputs.clear();
}

void worker_state::answer_moved(task_id task, worker_task& row, worker_commands& commands) {
  for (const requester_id requester : row.questions)
    commands.to_peers.emplace_back(send_moved{requester, task});
  row.questions.clear();
}

void worker_state::end_row(task_id task, worker_task& row, worker_commands& commands) {
  WEFT_CHECK(row.consumers.empty(), "a row ended that tasks wait for");
  answer_moved(task, row, commands);
  change(row, phase::expected);
  if (row.value) {
    stored_bytes_ -= row.value->nbytes();
    commands.garbage_values.push_back(std::move(row.value));
  }
  if (row.body) commands.garbage_bodies.push_back(std::move(row.body));
  keys_.erase(task);
  tasks_.erase(task);
}

// A run failed. Who waits for the task goes on waiting: the scheduler will let it run again, or take them
// back.
void worker_state::end_attempt(instant now, task_id task, worker_task& row, worker_commands& commands) {
  if (row.consumers.empty() && row.questions.empty()) {
    end_row(task, row, commands);
    return;
  }
  change(row, phase::expected);
  row.run = {};
  row.inputs.clear();
  if (row.body) commands.garbage_bodies.push_back(std::move(row.body));
  set_deadline(now, task, row);
}

} // namespace weft::detail
