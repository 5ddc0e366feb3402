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
