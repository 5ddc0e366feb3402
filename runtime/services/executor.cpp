#include "runtime/services/busy_threads.hpp"
#include "runtime/services/executor_thread.hpp"
#include "runtime/services/worker_engine.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <pthread.h>

/// The part of worker_engine that its threads run.
namespace weft::detail {

namespace {

// After so many looks in a row at which others wanted the core a thread stops spinning. One alone may be a
// turn of an actor, over before a parked thread would be awake again.
constexpr int crowded_looks = 3;

} // namespace

void worker_engine::add_thread() {
  auto& self = *executors_.emplace_back(std::make_unique<executor_thread>(*this));
  try {
    self.thread = std::thread{[this, &self] { run_thread(self); }};
  } catch (const std::exception& why) {
    executors_.pop_back();
    throw error("weft: worker " + settings_.name + " cannot start a thread: " + why.what());
  }
  ++alive_;
  pthread_setname_np(self.thread.native_handle(), "weft-task");
}

void worker_engine::run_thread(executor_thread& self) {
  this_thread_role().place = &self;
  std::unique_lock lock{mutex_};
  for (;;) {
    if (self.busy) end_batch(self, self.after);
    const bool took = take(self, self.after);
    // Most likely what the tasks here wait for is about to end on another worker.
    if (!took && may_spin_ && !stopping_ && state_.blocked_count() > 0) set_back_soon(self, true);
    apply(self.after);
    if (took) {
      const bool announced = self.batch.announced();
      lock.unlock();
      finish(self.after);
      // If the task takes this process with it, the scheduler must know which one it was.
      if (announced && settings_.flush_reports) settings_.flush_reports();
      {
        const busy_threads::scope busy;
        self.batch.run();
      }
      lock.lock();
      continue;
    }
    lock.unlock();
    finish(self.after);
    lock.lock();
    if (stopping_) break;
    if (!may_take()) wait_for_work(self, lock);
    set_back_soon(self, false);
  }
  set_back_soon(self, false);
  if (--alive_ == 0) ended_.notify_all();
}

bool worker_engine::take(executor_thread& self, aftermath& after) {
  if (!may_take()) return false;
  std::int64_t expected = 0; // nanoseconds; 0: not known
  if (!split_off_.empty()) {
    task_batch::leftover left = std::move(split_off_.front());
    split_off_.pop_front();
    self.batch.refill([&](std::vector<ready_task>& tasks) { tasks.push_back(std::move(left.task)); });
    self.batch.stop_first(left.stop);
  } else {
    self.batch.refill([&](std::vector<ready_task>& tasks) {
      expected =
          state_.take_several(settings_.batch_time.count(), task_batch::capacity, tasks, after.commands);
    });
    if (self.batch.empty()) return false;
  }
  self.busy = true;
  ++occupied_;
  set_back_soon(self,
                expected > 0 && expected <= std::max(settings_.ring_interval, settings_.batch_time).count());
  if (self.batch.splittable() || self.back_soon) {
    self.begun = instant::now();
    if (split_due_ == instant{}) {
      split_due_ = self.begun + settings_.batch_patience;
      if (split_due_ < timer_due_) {
        timer_due_ = split_due_;
        timer_.wake_at(timer_due_);
      }
    }
  }
  return true;
}

void worker_engine::end_batch(executor_thread& self, aftermath& after) {
  report_ended(self, after);
  self.batch.clear();
  self.busy = false;
  set_back_soon(self, false);
  --occupied_;
}

// Whether this thread will soon call `apply` again, and what the scheduler is to hear can wait until then.
void worker_engine::set_back_soon(executor_thread& self, bool soon) noexcept {
  back_soon_ += soon;
  back_soon_ -= std::exchange(self.back_soon, soon);
}

void worker_engine::report_ended(executor_thread& whose, aftermath& after) {
  whose.batch.collect(after.events);
  if (after.events.empty()) return;
  const instant now = instant::now();
  for (auto& event : after.events)
    step(now, std::move(event), after);
  after.events.clear();
}

void worker_engine::split_overdue(instant now, aftermath& after) {
  bool any = false;
  std::vector<task_batch::leftover> left;
  for (const auto& executor : executors_) {
    if (!executor->busy || !executor->batch.splittable()) continue;
    any = true;
    if (executor->begun + settings_.batch_patience > now) continue;
    report_ended(*executor, after);
    executor->batch.split(left);
  }
  for (auto& each : left)
    split_off_.push_back(std::move(each));
  split_due_ = any ? now + settings_.batch_patience : instant{};
}

void worker_engine::wait_for_work(executor_thread& self, std::unique_lock<std::mutex>& lock) {
  if (self.back_soon) {
    if (look_for_work(lock, settings_.ring_patience)) return;
    set_back_soon(self, false);
    apply(self.after);
    lock.unlock();
    finish(self.after);
    lock.lock();
    if (may_take() || stopping_) return;
  }
  if (may_spin_ && look_for_work(lock, settings_.spin)) return;
  ++parked_;
  work_.wait(lock);
  --parked_;
  if (waking_ > 0) --waking_;
}

// Spins so long at most, and less where others want the core; true if there is something to do.
bool worker_engine::look_for_work(std::unique_lock<std::mutex>& lock, std::chrono::nanoseconds limit) {
  busy_threads::spin_permit permit;
  if (!permit.granted()) return false;
  ++spinning_;
  look_again_.store(false, std::memory_order_relaxed);
  lock.unlock();
  instant now = instant::now();
  const instant until = now + limit;
  instant next_look = now + settings_.crowd_patience;
  int crowded = 0; // looks in a row
  while (!look_again_.load(std::memory_order_relaxed) && now < until && crowded < crowded_looks) {
    std::this_thread::yield();
    now = instant::now();
    if (now < next_look) continue;
    crowded = permit.crowded() ? crowded + 1 : 0;
    next_look = now + settings_.crowd_patience;
  }
  lock.lock();
  --spinning_;
  return may_take() || stopping_;
}

// -- tasks that wait for others
// --------------------------------------------------------------------------------

void worker_engine::give_up_place(executor_thread& self) {
  aftermath& after = self.while_waiting;
  {
    std::lock_guard lock{mutex_};
    if (waiting_ == settings_.waiting_max)
      throw error("worker " + settings_.name + " has " + std::to_string(waiting_) +
                  " tasks that wait for other tasks: no more");
    if (!stopping_ && alive_ - waiting_ <= settings_.threads) add_thread(); // it waits for the lock
    // What this task waits for may stand behind it in its own batch, or need what was finished before it.
    report_ended(self, after);
    std::vector<task_batch::leftover> left;
    self.batch.split(left);
    for (auto& each : left)
      split_off_.push_back(std::move(each));
    set_back_soon(self, false);
    --occupied_;
    ++waiting_;
    self.seceded = instant::now();
    step(self.seceded, run_seceded{self.batch.current().task, self.batch.current().run}, after);
    apply(after);
  }
  finish(after);
}

void worker_engine::take_back_place(executor_thread& self) {
  aftermath& after = self.while_waiting;
  {
    std::lock_guard lock{mutex_};
    // For a moment there may be one too many at work; whoever ends a batch first takes nothing new.
    --waiting_;
    ++occupied_;
    const instant now = instant::now();
    self.batch.waited((now - self.seceded).count());
    step(now, run_rejoined{self.batch.current().task, self.batch.current().run}, after);
    apply(after);
  }
  finish(after);
}

} // namespace weft::detail
