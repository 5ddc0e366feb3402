#include "runtime/services/timer_thread.hpp"

#include "runtime/services/thread_role.hpp"

#include <algorithm>
#include <csignal>
#include <pthread.h>

namespace weft::detail {

namespace {

std::chrono::steady_clock::time_point time_point_of(instant when) {
  return std::chrono::steady_clock::time_point{std::chrono::nanoseconds{when.nanoseconds}};
}

} // namespace

timer_thread::timer_thread() {
  // A thread inherits the signal mask of its maker: signals shall reach the threads that expect them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread{[this] { run(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "weft-timer");
}

timer_thread::~timer_thread() {
  {
    std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

timer_thread::timer timer_thread::add(action what, std::optional<instant> first) {
  auto its = std::make_shared<entry>();
  its->what = std::move(what);
  {
    std::lock_guard lock{mutex_};
    entries_.push_back(its);
  }
  timer result{*this, std::move(its)};
  if (first) result.wake_at(*first);
  return result;
}

void timer_thread::timer::wake_at(instant when) {
  timer_thread& owner = *owner_; // as soon as the lock is free, the action may end this timer
  {
    std::lock_guard lock{owner.mutex_};
    if (entry_->next && *entry_->next <= when) return;
    entry_->next = when;
    if (owner.sleeping_until_ && *owner.sleeping_until_ <= when) return;
  }
  owner.changed_.notify_one();
}

void timer_thread::timer::end() {
  if (!owner_) return;
  timer_thread& owner = *std::exchange(owner_, nullptr);
  const auto its = std::move(entry_);
  std::unique_lock lock{owner.mutex_};
  its->ended = true;
  std::erase(owner.entries_, its);
  if (std::this_thread::get_id() != owner.thread_.get_id())
    owner.ended_.wait(lock, [&] { return !its->running; });
}

void timer_thread::run() {
  this_thread_role().must_not_wait = "on the timer thread";
  std::unique_lock lock{mutex_};
  while (!stop_) {
    const auto earliest = std::ranges::min_element(
        entries_, [](const auto& a, const auto& b) { return a->next && (!b->next || *a->next < *b->next); });
    if (earliest == entries_.end() || !(*earliest)->next) {
      sleeping_until_.reset();
      changed_.wait(lock);
      continue;
    }
    const instant when = *(*earliest)->next;
    if (const instant now = instant::now(); when > now) {
      sleeping_until_ = when;
      changed_.wait_until(lock, time_point_of(when));
      continue;
    }
    const auto due = *earliest;
    due->next.reset();
    due->running = true;
    sleeping_until_ = when; // nobody needs to wake this thread: it looks again when the action has returned
    lock.unlock();
    const auto again = due->what(instant::now());
    lock.lock();
    due->running = false;
    if (again && !due->ended && (!due->next || *again < *due->next)) due->next = again;
    ended_.notify_all();
  }
}

} // namespace weft::detail
