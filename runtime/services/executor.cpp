#include "runtime/services/executor_thread.hpp"
#include "runtime/services/worker_engine.hpp"

#include <weft/errors.hpp>

#include <pthread.h>

/// The part of worker_engine that its threads run.
namespace weft::detail {

void worker_engine::add_thread() {
  auto& self = *executors_.emplace_back(std::make_unique<executor_thread>(*this));
  ++alive_;
  self.thread = std::thread{[this, &self] { run_thread(self); }};
  pthread_setname_np(self.thread.native_handle(), "weft-task");
}

void worker_engine::run_thread(executor_thread& self) {
  this_thread_role().place = &self;
  std::unique_lock lock{mutex_};
  for (;;) {
    if (self.busy) end_batch(self, self.after);
    const bool took = take(self, self.after);
    apply(self.after);
    if (took) {
      const bool announced = self.batch.announced();
      lock.unlock();
      finish(self.after);
      // If the task takes this process with it, the scheduler must know which one it was.
      if (announced && settings_.flush_reports) settings_.flush_reports();
      self.batch.run();
      lock.lock();
      continue;
    }
    lock.unlock();
    finish(self.after);
    lock.lock();
    if (stopping_) break;
    if (!may_take()) wait_for_work(lock);
  }
  if (--alive_ == 0) ended_.notify_all();
}

bool worker_engine::take(executor_thread& self, aftermath& after) {
  if (!may_take()) return false;
  if (!split_off_.empty()) {
    task_batch::leftover left = std::move(split_off_.front());
    split_off_.pop_front();
    self.batch.refill([&](std::vector<ready_task>& tasks) { tasks.push_back(std::move(left.task)); });
    if (left.stop) self.batch.stop_first();
  } else {
    self.batch.refill([&](std::vector<ready_task>& tasks) {
      state_.take_several(settings_.batch_time.count(), task_batch::capacity, tasks, after.commands);
    });
    if (self.batch.empty()) return false;
  }
  self.busy = true;
  ++occupied_;
  if (self.batch.splittable()) {
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
  --occupied_;
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

void worker_engine::wait_for_work(std::unique_lock<std::mutex>& lock) {
  if (may_spin_ && settings_.spin.count() > 0) {
    ++spinning_;
    look_again_.store(false, std::memory_order_relaxed);
    lock.unlock();
    const instant until = instant::now() + settings_.spin;
    while (!look_again_.load(std::memory_order_relaxed) && instant::now() < until)
      std::this_thread::yield();
    lock.lock();
    --spinning_;
    if (may_take() || stopping_) return;
  }
  ++parked_;
  work_.wait(lock);
  --parked_;
  if (waking_ > 0) --waking_;
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
    // What this task waits for may stand behind it in its own batch, or need what was finished before it.
    report_ended(self, after);
    std::vector<task_batch::leftover> left;
    self.batch.split(left);
    for (auto& each : left)
      split_off_.push_back(std::move(each));
    --occupied_;
    ++waiting_;
    self.seceded = instant::now();
    step(self.seceded, run_seceded{self.batch.current().task, self.batch.current().run}, after);
    if (!stopping_ && alive_ - waiting_ < settings_.threads) add_thread();
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
