#pragma once

#include <utility>

namespace weft::detail {

/// The place that a running task occupies at its worker. A task that waits for another one gives it up
/// meanwhile: otherwise tasks that wait for tasks could fill every place and nothing would ever run.
class task_place {
 public:
  virtual ~task_place() = default;
  /// Another task may run now.
  virtual void give_up() = 0;
  /// Returns when the task may go on.
  virtual void take_back() = 0;
};

/// What a thread is there for, as far as it matters to who wants to wait on it.
struct thread_role {
  /// Why this thread must not wait for a future, as the end of "weft: … must not be waited for"; null: it
  /// may.
  const char* must_not_wait = nullptr;
  /// The place of the task that runs on it; null: no task does.
  task_place* place = nullptr;
};

/// The calling thread's role; who owns a thread sets it when the thread begins. CAF's threads and those that
/// move data set `must_not_wait`; they do not run destructors of the user's objects either (garbage_thread).
thread_role& this_thread_role() noexcept;

/// While it lives, the calling thread's task has no place; does nothing on other threads, and inside another
/// one.
class waiting_scope {
 public:
  waiting_scope() : place_(this_thread_role().place) {
    if (!place_) return;
    place_->give_up();
    this_thread_role().place = nullptr;
  }
  ~waiting_scope() { end(); }
  /// Earlier than at the end of its life.
  void end() {
    task_place* const place = std::exchange(place_, nullptr);
    if (!place) return;
    this_thread_role().place = place;
    place->take_back();
  }
  waiting_scope(const waiting_scope&) = delete;
  waiting_scope& operator=(const waiting_scope&) = delete;

 private:
  task_place* place_;
};

} // namespace weft::detail
