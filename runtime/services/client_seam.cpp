#include <weft/detail/client_core.hpp>

#include "runtime/services/client_core.hpp"
#include "runtime/services/completion_set.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace weft::detail {

// -- inputs -----------------------------------------------------------------------------------------------

struct input_list::list {
  inline_list<task_id, 4> tasks;
  std::unordered_map<task_id, std::uint32_t> numbers; // of long lists
};

input_list::input_list(client_core& core) noexcept : core_(core) {}

input_list::~input_list() {
  delete list_;
}

std::uint32_t input_list::add(const future_handle& future) {
  if (!future.valid())
    throw std::invalid_argument(
        "weft: an argument is a future that refers to no task (it was released, taken or "
        "moved from)");
  if (&future.core() != &core_)
    throw std::invalid_argument("weft: " + future.key() +
                                " belongs to another client; pass its result instead of the future");
  if (!list_) list_ = new list;
  auto& [tasks, numbers] = *list_;
  const task_id task = future.task();
  const std::uint32_t next = tasks.size();
  constexpr std::uint32_t searched_by_eye = 16;
  if (next == searched_by_eye && numbers.empty())
    for (std::uint32_t i = 0; i < next; ++i)
      numbers.emplace(tasks[i], i);
  if (!numbers.empty()) {
    const auto [at, added] = numbers.try_emplace(task, next);
    if (added) tasks.push_back(task);
    return at->second;
  }
  for (std::uint32_t i = 0; i < next; ++i)
    if (tasks[i] == task) return i;
  tasks.push_back(task);
  return next;
}

array_view<const task_id> input_list::tasks() const noexcept {
  if (!list_) return {};
  return list_->tasks;
}

// -- submitting -------------------------------------------------------------------------------------------

constexpr std::size_t key_length_max = 1 << 20; // it goes wherever the task is told of

future_handle submit_body(client_core& core, body_ptr body, const input_list& inputs,
                          const task_options& options) {
  if (options.key.size() > key_length_max)
    throw std::invalid_argument("weft: a key of " + std::to_string(options.key.size()) +
                                " bytes, where at most " + std::to_string(key_length_max) + " are allowed");
  submission what;
  what.function = body->function();
  what.priority = options.priority;
  what.retries = options.retries;
  what.body = std::move(body);
  what.inputs = inline_list<task_id, 2>(std::span<const task_id>(inputs.tasks()));
  if (!options.key.empty() || !options.workers.empty())
    what.demands = std::make_shared<const task_demands>(task_demands{
        .key = options.key, .workers = options.workers, .allow_other_workers = options.allow_other_workers});
  return core.submit(std::move(what));
}

future_handle scatter_value(client_core& core, value_ptr value, std::vector<std::string> workers) {
  demands_ptr demands;
  if (!workers.empty())
    demands = std::make_shared<const task_demands>(
        task_demands{.key = {}, .workers = std::move(workers), .allow_other_workers = false});
  return core.scatter(std::move(value), std::move(demands));
}

// -- many at once -----------------------------------------------------------------------------------------

void require_of_client(const client_core& core, const future_handle& future) {
  if (future.valid() && &future.core() != &core)
    throw std::invalid_argument("weft: " + future.key() + " belongs to another client");
}

void prefetch(client_core& core, array_view<const future_handle* const> futures) {
  std::vector<task_id> tasks;
  for (const future_handle* future : futures) {
    require_of_client(core, *future);
    if (future->valid() && future->slot().status.load(std::memory_order_relaxed) != slot_status::here)
      tasks.push_back(future->task());
  }
  core.want_values(tasks);
}

std::vector<bool> wait_for_futures(array_view<const future_handle* const> futures, wait_until until,
                                   instant deadline) {
  if (until == wait_until::first && futures.empty())
    throw std::invalid_argument("weft::wait: no futures were given, so there is no first one to wait for");
  if (until == wait_until::all) {
    for (const future_handle* future : futures) {
      if (future->wait_done(deadline)) continue;
      const auto pending = std::count_if(futures.begin(), futures.end(),
                                         [](const future_handle* each) { return !each->done(); });
      throw timeout_error("weft::wait: " + std::to_string(std::max<std::ptrdiff_t>(pending, 1)) + " of " +
                          std::to_string(futures.size()) + " futures are not known to be done; " +
                          future->key() + ": " + future->core().explain(future->task()));
    }
  } else {
    completion_set completions{false};
    for (const future_handle* future : futures)
      completions.add(*future);
    for (;;) {
      if (completions.count() == 0) break;
      const future_status status = completions.next(deadline).status();
      if (until == wait_until::first || status == future_status::error || status == future_status::cancelled)
        break;
    }
  }
  std::vector<bool> result;
  result.reserve(futures.size());
  for (const future_handle* future : futures)
    result.push_back(future->done());
  return result;
}

} // namespace weft::detail
