#include "runtime/services/task_batch.hpp"

#include <exception>
#include <utility>

namespace weft::detail {

namespace {

thread_local task_batch* running_here = nullptr;

} // namespace

task_batch* task_batch::of_this_thread() noexcept {
  return running_here;
}

void task_batch::run() {
  running_here = this;
  const std::uint32_t size = size_.load(std::memory_order_relaxed);
  instant begun = instant::now();
  for (;;) {
    const std::uint32_t index = next_.fetch_add(1, std::memory_order_acq_rel);
    if (index >= size) break;
    run_one(index);
    // One look at the clock a task: where one ends, the next begins.
    const instant ended = instant::now();
    outcomes_[index].duration = (ended - begun).count() - std::exchange(waited_, 0);
    begun = ended;
    finished_.store(index + 1, std::memory_order_release);
  }
  running_here = nullptr;
}

void task_batch::run_one(std::uint32_t index) {
  ready_task& task = tasks_[index];
  outcome& result = outcomes_[index];
  current_ = index;
  switch (stop_[index].load(std::memory_order_relaxed)) {
  case stop_reason::none:
    run_body(index);
    break;
  case stop_reason::unwanted:
    result.failure = failure::make(failure_kind::cancelled, "cancelled before it began");
    break;
  case stop_reason::leaving:
    result.abandoned = true;
    break;
  }
  // Destructors are user code: here, not under the lock.
  task.body = nullptr;
  task.inputs.clear();
  if (std::exchange(has_source_, false)) {
    std::lock_guard lock{source_mutex_};
    source_.reset();
  }
}

// What it returns or throws after it was told to stop may be half of the result; if that is wanted all the
// same, it must run elsewhere.
void task_batch::run_body(std::uint32_t index) {
  outcome& result = outcomes_[index];
  heeded_ = false;
  try {
    result.value = tasks_[index].body->run(tasks_[index].inputs);
  } catch (...) {
    result.failure = failure::from_exception(std::current_exception(), key_of(tasks_[index]), worker_name_);
  }
  if (stop_[index].load(std::memory_order_relaxed) != stop_reason::leaving) return;
  result.abandoned = heeded_ || has_source_;
  if (!result.abandoned) return;
  result.value = nullptr;
  result.failure = nullptr;
}

void task_batch::collect(std::vector<worker_event>& into) {
  const std::uint32_t until = finished_.load(std::memory_order_acquire);
  for (; reported_ < until; ++reported_) {
    const ready_task& task = tasks_[reported_];
    outcome& its = outcomes_[reported_];
    if (std::exchange(its.abandoned, false))
      into.emplace_back(run_abandoned{task.task, task.run});
    else if (its.failure)
      into.emplace_back(run_failed{task.task, task.run, its.duration, std::move(its.failure)});
    else
      into.emplace_back(run_finished{task.task, task.run, its.duration, std::move(its.value)});
  }
}

void task_batch::split(std::vector<leftover>& into) {
  const std::uint32_t size = size_.load(std::memory_order_relaxed);
  // Beyond all that the owner may have seen as the size: it must not come back to what an earlier split took.
  const std::uint32_t first = next_.exchange(capacity, std::memory_order_acq_rel);
  for (std::uint32_t index = first; index < size; ++index)
    into.push_back({std::move(tasks_[index]), stop_[index].load(std::memory_order_relaxed)});
  if (first < size) size_.store(first, std::memory_order_relaxed);
}

bool task_batch::request_stop(task_id task, run_id run, std::vector<std::stop_source>& sources) {
  for (std::uint32_t index = reported_; index < size_.load(std::memory_order_relaxed); ++index)
    if (tasks_[index].task == task && tasks_[index].run == run) {
      request_stop_at(index, stop_reason::unwanted, sources);
      return true;
    }
  return false;
}

void task_batch::request_leave(std::vector<std::stop_source>& sources) {
  const std::uint32_t index = finished_.load(std::memory_order_acquire);
  if (index < size_.load(std::memory_order_relaxed) &&
      stop_[index].load(std::memory_order_relaxed) == stop_reason::none)
    request_stop_at(index, stop_reason::leaving, sources);
}

void task_batch::request_stop_at(std::uint32_t index, stop_reason why,
                                 std::vector<std::stop_source>& sources) {
  std::lock_guard lock{source_mutex_};
  stop_[index].store(why, std::memory_order_relaxed);
  if (source_ && source_index_ == index) sources.push_back(*source_);
}

std::stop_token task_batch::stop_token() {
  std::lock_guard lock{source_mutex_};
  if (!source_) {
    source_.emplace();
    source_index_ = current_;
    has_source_ = true;
    if (stop_requested()) source_->request_stop();
  }
  return source_->get_token();
}

std::optional<std::string> task_batch::current_key() const {
  const std::uint32_t index = finished_.load(std::memory_order_acquire);
  if (index >= size_.load(std::memory_order_relaxed) || index >= next_.load(std::memory_order_acquire))
    return std::nullopt;
  return key_of(tasks_[index]);
}

std::string task_batch::key_of(const ready_task& task) const {
  return task.key ? *task.key : printable_key(functions_, task.function, task.task);
}

} // namespace weft::detail
