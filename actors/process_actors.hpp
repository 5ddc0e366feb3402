#pragma once

#include "runtime/services/io_thread.hpp"
#include "runtime/services/timer_thread.hpp"

#include <memory>
#include <mutex>

namespace caf {
class actor_system;
}

namespace weft::detail {

/// What all of a process's actors share: CAF's actor system, the timer thread and, once somebody listens or
/// connects, the thread that watches sockets. Whoever has an actor holds on to it; every actor must have
/// ended before it does.
class process_actors {
 public:
  /// Throws weft::error if the system gives no threads.
  process_actors();
  ~process_actors();
  process_actors(const process_actors&) = delete;
  process_actors& operator=(const process_actors&) = delete;

  caf::actor_system& system() noexcept;
  timer_thread& timers() noexcept { return timers_; }
  /// Started with the first call. Thread-safe.
  io_thread& io();

 private:
  struct caf_parts;
  struct thread_check {
    thread_check();
  };

  thread_check before_all_else_;
  timer_thread timers_;
  timer_thread::timer storage_trimmer_;
  std::mutex io_mutex_;
  std::unique_ptr<io_thread> io_;
  std::unique_ptr<caf_parts> caf_;
};

/// A thread that spawns an actor is tied to the actor system by CAF, through its logger, and the system's end
/// waits until that thread has ended: for ever, if it is the user's. The end of this scope cuts the tie.
class leave_actor_system {
 public:
  leave_actor_system() noexcept {}
  ~leave_actor_system();
  leave_actor_system(const leave_actor_system&) = delete;
  leave_actor_system& operator=(const leave_actor_system&) = delete;
};

} // namespace weft::detail
