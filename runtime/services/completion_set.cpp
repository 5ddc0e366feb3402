#include "runtime/services/completion_set.hpp"

#include "runtime/services/thread_role.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

namespace weft::detail {

completion_set::~completion_set() {
  clear();
}

void completion_set::add(future_handle future) {
  if (!future.valid())
    throw std::invalid_argument("weft: a future that refers to no task cannot be waited for");
  const task_id task = future.task();
  const auto core = future.core().shared_from_this();
  const std::uint64_t number = listen_to(core);
  {
    std::lock_guard lock{mutex_};
    auto& handles = awaited_[task];
    handles.push_back(std::move(future));
    ++awaited_count_;
    if (handles.size() > 1) return; // watched already
  }
  core->watch(task, number, values_);
}

// The number of this set as the core's listener. The core's mutex is never taken under this one, so two
// threads that add the first future at once may both ask for a number; one gives its own back.
std::uint64_t completion_set::listen_to(const std::shared_ptr<client_core>& core) {
  const auto known = [&]() -> std::uint64_t {
    if (core_ && core_ != core)
      throw std::invalid_argument("weft: futures of different clients cannot be waited for together");
    return core_ ? number_ : 0;
  };
  {
    std::lock_guard lock{mutex_};
    if (const std::uint64_t number = known()) return number;
  }
  const std::uint64_t asked = core->add_listener(*this);
  std::uint64_t number = 0;
  std::exception_ptr refused;
  {
    std::lock_guard lock{mutex_};
    try {
      number = known();
    } catch (...) {
      refused = std::current_exception();
    }
    if (!number && !refused) {
      core_ = core;
      number_ = number = asked;
    }
  }
  if (number != asked) core->remove_listener(asked, {});
  if (refused) std::rethrow_exception(refused);
  return number;
}

// Called under the core's mutex: only takes note. Handles are moved, not dropped.
void completion_set::completed(task_id task) {
  std::lock_guard lock{mutex_};
  const auto found = awaited_.find(task);
  if (found == awaited_.end()) return;
  for (auto& future : found->second)
    ready_.push_back(std::move(future));
  awaited_count_ -= found->second.size();
  awaited_.erase(found);
  ready_condition_.notify_all();
}

bool completion_set::sleep_until_ready(std::unique_lock<std::mutex>& lock, instant deadline) {
  if (over()) return true;
  if (const char* why = this_thread_role().must_not_wait)
    throw std::logic_error(std::string("weft: ") + why + " must not wait for futures that are not ready");
  instant notice = instant::now() + client_core::patience;
  // Again, if another thread was quicker to take what was ready.
  while (!over() && instant::now() < deadline) {
    lock.unlock();
    waiting_scope waiting;
    lock.lock();
    const instant until = std::min(deadline, notice);
    const auto awake = [&] { return over(); };
    if (until == never)
      ready_condition_.wait(lock, awake);
    else if (!ready_condition_.wait_until(
                 lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until.nanoseconds)),
                 awake) &&
             until == notice) {
      const auto core = core_;
      const task_id first = awaited_.begin()->first;
      notice = never;
      lock.unlock();
      core->announce_if_stuck(first);
      lock.lock();
    }
    lock.unlock(); // the task may have to wait for its place
    waiting.end();
    lock.lock();
  }
  return over();
}

void completion_set::require_ready(std::unique_lock<std::mutex>& lock, instant deadline) {
  if (sleep_until_ready(lock, deadline)) return;
  const task_id first = awaited_.begin()->first;
  const std::size_t count = awaited_.size();
  const auto core = core_;
  const std::string key = awaited_.begin()->second.front().key();
  lock.unlock();
  throw timeout_error("weft: none of " + std::to_string(count) + " futures completed in time; " + key + ": " +
                      core->explain(first));
}

bool completion_set::wait_until_ready(instant deadline) {
  std::unique_lock lock{mutex_};
  return sleep_until_ready(lock, deadline);
}

future_handle completion_set::next(instant deadline) {
  std::unique_lock lock{mutex_};
  require_ready(lock, deadline);
  if (ready_.empty()) throw std::out_of_range("weft::as_completed: no futures are left");
  future_handle result = std::move(ready_.front());
  ready_.pop_front();
  return result;
}

std::vector<future_handle> completion_set::next_batch(instant deadline) {
  std::unique_lock lock{mutex_};
  require_ready(lock, deadline);
  std::vector<future_handle> result(std::make_move_iterator(ready_.begin()),
                                    std::make_move_iterator(ready_.end()));
  ready_.clear();
  return result;
}

std::size_t completion_set::count() const {
  std::lock_guard lock{mutex_};
  return ready_.size() + awaited_count_;
}

bool completion_set::has_ready() const {
  std::lock_guard lock{mutex_};
  return !ready_.empty();
}

void completion_set::clear() {
  std::map<task_id, std::vector<future_handle>> awaited;
  std::deque<future_handle> ready; // dropped after unlocking: the last handle takes the core's mutex
  std::shared_ptr<client_core> core;
  std::uint64_t number = 0;
  {
    std::lock_guard lock{mutex_};
    awaited.swap(awaited_);
    awaited_count_ = 0;
    ready.swap(ready_);
    core = std::exchange(core_, nullptr);
    number = number_;
    ready_condition_.notify_all();
  }
  if (!core) return;
  std::vector<task_id> tasks;
  for (const auto& [task, handles] : awaited)
    tasks.push_back(task);
  core->remove_listener(number, tasks);
}

} // namespace weft::detail
