#include "runtime/wire/well_formed.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <vector>

namespace weft::detail {

namespace {

void require(bool condition, const char* sentence) {
  if (!condition) throw decode_error(sentence);
}

template <class Inputs, class Id>
void require_inputs(task_id task, const Inputs& inputs, Id&& id_of) {
  std::vector<task_id> ids;
  if (inputs.size() > 1) ids.reserve(inputs.size());
  for (const auto& input : inputs) {
    require(id_of(input) != task, "a task is its own input");
    if (inputs.size() > 1) ids.push_back(id_of(input));
  }
  std::sort(ids.begin(), ids.end());
  require(std::adjacent_find(ids.begin(), ids.end()) == ids.end(), "a task names an input twice");
}

void require_attributes(const attributes_ptr& attributes) {
  require(attributes != nullptr, "a worker says nothing of itself");
  for (const module_id module : attributes->modules)
    require(static_cast<bool>(module), "a worker has a module that is none");
}

void check(const submit_task& event) {
  require(event.function && event.body, "a task has nothing to run");
  require_inputs(event.task, event.inputs, [](task_id id) { return id; });
}
void check(const fail_task& event) {
  require(event.failure != nullptr, "a failure says nothing");
}
void check(const task_failed& event) {
  require(event.failure != nullptr, "a failure says nothing");
}
void check(const worker_joined& event) {
  require_attributes(event.attributes);
}

void check(const compute_task& event) {
  require(event.function && event.body, "a task has nothing to run");
  require_inputs(event.task, event.inputs, [](const input_location& input) { return input.task; });
}
void check(const value_put& event) {
  require(event.value != nullptr, "a datum is none");
}
void check(const value_arrived& event) {
  require(event.value != nullptr, "a value that came is none");
}
void check(const value_refused& event) {
  require(event.failure != nullptr, "a failure says nothing");
}

void check(const result_ready& event) {
  require(event.worker || event.value, "a result is nowhere");
}
void check(const result_failed& event) {
  require(event.failure != nullptr, "a failure says nothing");
}
void check(const worker_introduced& event) {
  require_attributes(event.attributes);
}
void check(const value_fetched& event) {
  require(event.value != nullptr, "a value that came is none");
}
void check(const fetch_refused& event) {
  require(event.failure != nullptr, "a failure says nothing");
}

struct anything {
  template <class Event>
  anything(const Event&) {}
};
void check(anything) {}

} // namespace

void require_well_formed(const scheduler_event& event) {
  std::visit([](const auto& its) { check(its); }, event);
}
void require_well_formed(const worker_event& event) {
  std::visit([](const auto& its) { check(its); }, event);
}
void require_well_formed(const holder_event& event) {
  std::visit([](const auto& its) { check(its); }, event);
}

} // namespace weft::detail
