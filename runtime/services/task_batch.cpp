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
  if (stop_[index].load(std::memory_order_relaxed)) {
    result.failure = failure::make(failure_kind::cancelled, "cancelled before it began");
  } else {
    try {
      result.value = task.body->run(task.inputs);
    } catch (...) {
      result.failure = failure::from_exception(std::current_exception(), key_of(task), worker_name_);
    }
  }
  // Destructors are user code: here, not under the lock.
  task.body = nullptr;
  task.inputs.clear();
  if (std::exchange(has_source_, false)) {
    std::lock_guard lock{source_mutex_};
    source_.reset();
  }
}

void task_batch::collect(std::vector<worker_event>& into) {
  const std::uint32_t until = finished_.load(std::memory_order_acquire);
  for (; reported_ < until; ++reported_) {
    const ready_task& task = tasks_[reported_];
    outcome& its = outcomes_[reported_];
    if (its.failure)
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
    if (tasks_[index].task == task && tasks_[index].run == run) return request_stop_at(index, sources);
  return false;
}

void task_batch::request_stop(std::vector<std::stop_source>& sources) {
  const std::uint32_t index = finished_.load(std::memory_order_acquire);
  if (index < size_.load(std::memory_order_relaxed)) request_stop_at(index, sources);
}

bool task_batch::request_stop_at(std::uint32_t index, std::vector<std::stop_source>& sources) {
  std::lock_guard lock{source_mutex_};
  stop_[index].store(true, std::memory_order_relaxed);
  if (source_ && source_index_ == index) sources.push_back(*source_);
  return true;
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
