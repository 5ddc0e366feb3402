#include "runtime/scheduler/scheduler_state.hpp"

#include <algorithm>
#include <utility>

// What is known of functions: where they can be called, and how long they take.
namespace weft::detail {

namespace {

// Nanoseconds, an hour: what runs longer fills every window just as well, and the sums stay far from
// overflow.
constexpr std::int64_t longest_duration = 3'600'000'000'000;

} // namespace

bool scheduler_state::has_module(const worker_record& worker, module_id module) const {
  const worker_attributes& its = *worker.attributes;
  if (its.shares_process) return functions_.is_local(module);
  return std::find(its.modules.begin(), its.modules.end(), module) != its.modules.end();
}

bool scheduler_state::can_call(const worker_record& worker, function_id function) const {
  const module_id target = functions_.target_module_of(function);
  return has_module(worker, functions_.module_of(function)) && (!target || has_module(worker, target));
}

// That none of these workers can call its function.
failure_ptr scheduler_state::mismatch(const record& row, const std::string& whom,
                                      const std::vector<worker_id>& workers) const {
  std::string wanted = functions_.description_of(functions_.module_of(row.function));
  if (const module_id target = functions_.target_module_of(row.function))
    wanted += ", together with " + functions_.description_of(target) + ", which it points into";
  std::vector<module_id> present;
  for (const worker_id worker : workers)
    for (const module_id module : workers_[worker.value].attributes->modules)
      if (std::find(present.begin(), present.end(), module) == present.end()) present.push_back(module);
  std::string sentence = whom + " has the module that calls " + functions_.name_of(row.function) +
                         ": wanted " + wanted + "; present: ";
  for (std::size_t i = 0; i < present.size(); ++i)
    sentence += (i == 0 ? "" : "; ") + functions_.description_of(present[i]);
  if (present.empty()) sentence += "none";
  return failure::make(failure_kind::build_mismatch, std::move(sentence));
}

// Null where one that can call it may still come: the workers asked for are not all there, or another may do.
failure_ptr scheduler_state::mismatch_of_asked(const record& row) const {
  if (!row.function || !row.extras || !row.extras->demands || row.extras->demands->workers.empty())
    return nullptr;
  std::vector<worker_id> asked;
  for (const std::string& name : row.extras->demands->workers) {
    asked.push_back(worker_named(name));
    if (!asked.back() || can_call(workers_[asked.back().value], row.function)) return nullptr;
  }
  return mismatch(row, "none of the workers asked for", asked);
}

// Whether the worker, or one that has all modules that it has, cannot run the task for want of another one.
bool scheduler_state::has_refused(const record& row, worker_id worker) const {
  if (!row.extras) return false;
  const worker_attributes& its = *workers_[worker.value].attributes;
  const auto& refused_by = row.extras->refused_by;
  return std::any_of(refused_by.begin(), refused_by.end(), [&](worker_id other) {
    if (other == worker) return true;
    const worker_attributes& known = *workers_[other.value].attributes;
    return !its.shares_process && !known.shares_process &&
           std::all_of(its.modules.begin(), its.modules.end(), [&](module_id module) {
             return std::find(known.modules.begin(), known.modules.end(), module) != known.modules.end();
           });
  });
}

// The worker could not decode what the task is to be called with. Nothing of it has run, so the next try
// elsewhere is none of its retries.
void scheduler_state::refuse(task_id task, record& row, worker_id worker, const failure_ptr& why,
                             scheduler_commands& commands) {
  task_extras& extras = extras_of(row);
  if (!has_refused(row, worker)) { // an entry in its queue that was out of date may have come to hold again
    extras.refused_by.push_back(worker);
    extras.failure = why;
  }
  try_again(task, row, commands);
}

// Null where no worker has refused it, or one that is there, or that was asked for and is not there, may yet
// run it.
failure_ptr scheduler_state::refusal_of_all(task_id task, const record& row) const {
  if (!row.extras || row.extras->refused_by.empty() || live_count_ == 0) return nullptr;
  for (std::uint32_t i = 1; i < workers_.size(); ++i)
    if (may_run_on(row, worker_id{i})) return nullptr;
  if (row.extras->demands && !row.extras->demands->allow_other_workers)
    for (const std::string& name : row.extras->demands->workers)
      if (!worker_named(name)) return nullptr;
  constexpr std::size_t named = 4;
  const auto& refused_by = row.extras->refused_by;
  std::string names;
  for (std::size_t i = 0; i < refused_by.size() && i < named; ++i)
    names += (names.empty() ? "" : ", ") + workers_[refused_by[i].value].attributes->name;
  if (refused_by.size() > named) names += " and " + std::to_string(refused_by.size() - named) + " more";
  const auto& messages = row.extras->failure->messages;
  return failure::make(failure_kind::build_mismatch,
                       "no worker that may run " + key_of(task) +
                           " has the module that it points into; refused by " + names + "; " +
                           workers_[refused_by.back().value].attributes->name +
                           " says: " + (messages.empty() ? "" : messages.front()));
}

scheduler_state::function_record& scheduler_state::function(function_id id) {
  if (id.value >= function_records_.size()) function_records_.resize(id.value + 1);
  return function_records_[id.value];
}

std::int64_t scheduler_state::expected_time(function_id id) const {
  const function_record known =
      id.value < function_records_.size() ? function_records_[id.value] : function_record{};
  if (known.mean_time == 0) return settings_.unmeasured;
  return known.waits ? std::max(known.mean_time, settings_.unmeasured) : known.mean_time;
}

bool scheduler_state::is_measured(function_id id) const {
  return id.value < function_records_.size() && function_records_[id.value].mean_time != 0;
}

void scheduler_state::measure(function_id id, std::int64_t duration) {
  duration = std::clamp<std::int64_t>(duration, 1, longest_duration);
  std::int64_t& mean = function(id).mean_time;
  mean = std::max<std::int64_t>(mean == 0 ? duration : mean + (duration - mean) / 8, 1);
}

scheduler_state::spread scheduler_state::spread_of(function_id id) {
  if (id.value >= spreads_.size()) spreads_.resize(id.value + 1, spread::unknown);
  spread& known = spreads_[id.value];
  if (known == spread::unknown) {
    std::size_t holders = 0;
    for (const worker_record& worker : workers_)
      holders += worker.live && can_call(worker, id);
    known = holders == live_count_ ? spread::everywhere : holders > 0 ? spread::somewhere : spread::nowhere;
  }
  return known;
}

} // namespace weft::detail
