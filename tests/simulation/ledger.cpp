#include "tests/simulation/ledger.hpp"

#include "runtime/scheduler/scheduler_settings.hpp"
#include "tests/support/fake_values.hpp"

#include <algorithm>

namespace weft::test {

namespace {

std::string name_of(task_id task) {
  std::string text = "task ";
  append_text(text, task);
  return text;
}

} // namespace

// -- what the user does -------------------------------------------------------------------------------------

task_facts& ledger::add(task_facts&& facts) {
  facts.fails = facts.behaves == behaviour::throws;
  facts.may_be_killed = facts.behaves == behaviour::kills;
  facts.may_mismatch = facts.other_module;
  for (const task_id id : facts.inputs) {
    const task_facts& input = of(id);
    facts.fails |= input.fails;
    facts.may_cancel |= input.may_cancel;
    facts.may_mismatch |= input.may_mismatch;
    facts.may_conflict |= input.may_conflict;
    facts.may_lose_data |= input.may_lose_data;
    facts.may_be_killed |= input.may_be_killed;
  }
  const task_id task = facts.task;
  return facts_.emplace(task, std::move(facts)).first->second;
}

void ledger::cancelled_by_user(task_id task) {
  of(task).may_cancel = true;
  // Ids grow along edges, so one pass over the tasks after it reaches all that depend on it.
  for (auto its = facts_.upper_bound(task); its != facts_.end(); ++its) {
    const auto& inputs = its->second.inputs;
    const bool depends =
        std::any_of(inputs.begin(), inputs.end(), [&](task_id id) { return of(id).may_cancel; });
    if (depends) its->second.may_cancel = true;
  }
}

void ledger::cancelled_by_leaving(client_id client) {
  for (auto& [task, its] : facts_)
    if (task.client() == client) its.may_cancel = true;
}

task_facts* ledger::find(task_id task) {
  const auto its = facts_.find(task);
  return its == facts_.end() ? nullptr : &its->second;
}

// -- what the messages say ----------------------------------------------------------------------------------

void ledger::assigned(worker_id worker, const compute_task& command) {
  task_facts& its = of(command.task);
  expect(command.run > its.last_run,
         [&] { return name_of(command.task) + " is assigned under a run number that was used"; });
  expect(!its.assigned_to,
         [&] { return name_of(command.task) + " is assigned while a live worker has it in its tables"; });
  its.last_run = command.run;
  its.assigned_to = worker;
}

void ledger::scattered(const scatter_task& command) {
  task_facts& its = of(command.task);
  its.last_run = run_id{1};
  its.scattered = true;
}

void ledger::released(task_id task) {
  task_facts& its = of(task);
  expect(!its.released, [&] { return name_of(task) + " is released twice"; });
  its.released = true;
}

void ledger::reported(worker_id worker, const scheduler_event& event) {
  const auto once = [&](task_id task, run_id run) {
    const task_facts* const its = find(task);
    if (its && its->scattered) return; // told of as often as it is put there
    expect(reports_.emplace(worker, task, run, event.index()).second,
           [&] { return "a worker says the same twice: " + event_text(event); });
  };
  if (const auto* finished = std::get_if<task_finished>(&event)) once(finished->task, finished->run);
  if (const auto* failed = std::get_if<task_failed>(&event)) once(failed->task, failed->run);
  if (const auto* returned = std::get_if<task_given_back>(&event)) once(returned->task, returned->run);
}

void ledger::heard(const scheduler_event& event) {
  const auto settled = [&](worker_id worker, task_id task, run_id run) {
    if (const auto its = unheard_.find(worker); its != unheard_.end()) its->second.erase(task);
    task_facts* its = find(task);
    if (its && its->assigned_to == worker && its->last_run == run) its->assigned_to = {};
  };
  if (const auto* finished = std::get_if<task_finished>(&event))
    settled(finished->worker, finished->task, finished->run);
  if (const auto* failed = std::get_if<task_failed>(&event))
    settled(failed->worker, failed->task, failed->run);
  if (const auto* returned = std::get_if<task_given_back>(&event))
    settled(returned->worker, returned->task, returned->run);
  if (const auto* lost = std::get_if<worker_lost>(&event))
    for (auto& [task, its] : facts_)
      if (its.assigned_to == lost->worker) its.assigned_to = {};
}

// -- what threads do ----------------------------------------------------------------------------------------

void ledger::run_begins(worker_id worker, const ready_task& run,
                        const std::function<bool(worker_id, task_id)>& counts) {
  task_facts& its = of(run.task);
  if (!counts(worker, run.task)) return; // cut off and does not know it yet
  auto& runners = running_[run.task];
  for (const auto& [other, number] : runners)
    expect(!counts(other, run.task),
           [&] { return name_of(run.task) + " runs on two live workers at a time"; });
  runners.emplace_back(worker, run.run);
  unheard_[worker].insert(run.task);
  expect(run.inputs.size() == its.inputs.size(), "a task runs with the wrong number of inputs");
  for (std::size_t i = 0; i < its.inputs.size(); ++i) {
    expect(run.inputs[i] != nullptr, "a task runs without one of its inputs");
    expect(number_in(run.inputs[i]) == of(its.inputs[i]).value,
           [&] { return name_of(run.task) + " runs with a wrong value of an input"; });
  }
  expect(!calm_ || its.completed_runs == 0,
         [&] { return name_of(run.task) + " is computed again although nothing went wrong"; });
}

void ledger::run_ends(worker_id worker, task_id task, run_id run, bool with_result) {
  auto& runners = running_[task];
  std::erase(runners, std::pair(worker, run));
  of(task).completed_runs += with_result;
}

void ledger::worker_ended(worker_id worker, bool died) {
  for (auto& [task, runners] : running_) {
    const auto gone = std::erase_if(runners, [&](const auto& each) { return each.first == worker; });
    expect(died || gone == 0, "a worker ends while a task runs there");
  }
  if (!died) return;
  // For all that the scheduler knows, it may have been any task that it has not heard the end of; and that
  // the first one ran at all it only assumes.
  for (const task_id task : unheard_[worker])
    if (++of(task).deaths + 1 > scheduler_settings{}.allowed_failures) of(task).may_be_killed = true;
  unheard_.erase(worker);
  for (auto& [task, its] : facts_) {
    its.may_lose_data |= its.behaves == behaviour::scattered;
    for (const task_id input : its.inputs) {
      its.may_lose_data |= of(input).may_lose_data;
      its.may_be_killed |= of(input).may_be_killed;
    }
  }
}

// -- what a holder shows ------------------------------------------------------------------------------------

void ledger::shown(const future_slot& slot, task_id task) {
  task_facts& its = of(task);
  const slot_status status = slot.status.load();
  const auto only_if = [&](bool may, const char* what) {
    expect(may, [&] {
      std::string why;
      append_text(why, slot.failure);
      return name_of(task) + " shows what cannot be: " + what + ' ' + why;
    });
  };
  if (its.done_for_good) expect(status == its.final_status, "a final status changed");
  if (is_final(status)) {
    its.done_for_good = true;
    its.final_status = status;
  }
  switch (status) {
  case slot_status::pending:
    only_if(false, "pending again");
    break;
  case slot_status::lost:
    only_if(!calm_, "lost although nothing went wrong");
    break;
  case slot_status::elsewhere:
    only_if(!its.fails, "a result of a task that fails");
    break;
  case slot_status::here:
    only_if(!its.fails, "a result of a task that fails");
    only_if(number_in(slot.value) == its.value, "a result that serial evaluation does not give");
    break;
  case slot_status::refused:
    only_if(false, "a value that cannot travel");
    break;
  case slot_status::cancelled:
    only_if(its.may_cancel, "cancelled");
    break;
  case slot_status::failed:
    switch (slot.failure->kind) {
    case failure_kind::task_error:
      only_if(its.fails, "failed");
      break;
    case failure_kind::worker_killed:
      only_if(its.may_be_killed, "failed");
      break;
    case failure_kind::lost_data:
      only_if(its.may_lose_data, "failed");
      break;
    case failure_kind::build_mismatch:
      only_if(its.may_mismatch, "failed");
      break;
    case failure_kind::key_conflict:
      only_if(its.may_conflict, "failed");
      break;
    default:
      only_if(false, "failed");
    }
    break;
  case slot_status::taken:
    break;
  }
}

} // namespace weft::test
