#pragma once

#include "runtime/core/instant.hpp"

#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace weft::detail {

/// How CAF's threads share the actors that have something to do: one queue, as with CAF's own `work_sharing`,
/// but a second thread is only called once the first has had no rest for a while. Most turns of our actors
/// take a few µs, and one leads to the next: waking a thread for each costs more than all of them do, and
/// takes the core from a task. Where there is more to do than one thread can, all do it. The price: what
/// comes in those first µs may have to wait for the turn that is taken then, so no turn may wait for another
/// actor.
class patient_sharing : public caf::policy::unprofiled {
 public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    std::mutex mutex;
    std::condition_variable called;
    std::deque<caf::resumable*> jobs;
    std::size_t awake = 0; ///< threads that will look for jobs once more, those that are called among them
    std::size_t asleep = 0;
    std::size_t calls = 0; ///< to threads that have not heard it yet
    instant no_rest_since; ///< since when at least one is awake
  };

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    bool counted = false; ///< among those that are awake or asleep, from its first job to its end
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    auto& shared = d(self);
    std::unique_lock lock{shared.mutex};
    shared.jobs.push_back(job);
    call_another(shared, lock);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    auto& shared = d(self->parent());
    std::unique_lock lock{shared.mutex};
    if (!std::exchange(d(self).counted, true) && shared.awake++ == 0) shared.no_rest_since = instant::now();
    while (shared.jobs.empty()) {
      --shared.awake;
      ++shared.asleep;
      shared.called.wait(lock, [&] { return shared.calls > 0; });
      --shared.calls; // who called has counted this thread as awake
    }
    caf::resumable* const job = shared.jobs.front();
    shared.jobs.pop_front();
    if (!shared.jobs.empty()) call_another(shared, lock);
    return job;
  }

  /// The thread ends.
  template <class Worker>
  void before_shutdown(Worker* self) {
    auto& shared = d(self->parent());
    std::unique_lock lock{shared.mutex};
    --shared.awake;
    if (!shared.jobs.empty()) call_another(shared, lock);
  }

  template <class Worker, class Function>
  void foreach_resumable(Worker*, Function) {}
  template <class Coordinator, class Function>
  void foreach_central_resumable(Coordinator* self, Function function) {
    std::unique_lock lock{d(self).mutex};
    const auto jobs = std::exchange(d(self).jobs, {});
    lock.unlock();
    for (caf::resumable* const job : jobs)
      function(job);
  }

 private:
  /// About what it takes to wake a thread: most of what comes to one alone is done by then.
  static constexpr std::chrono::microseconds patience{20};

  // There is a job. Unlocks.
  static void call_another(coordinator_data& shared, std::unique_lock<std::mutex>& lock) {
    if (shared.asleep == 0) return;
    if (shared.awake == 0)
      shared.no_rest_since = instant::now();
    else if (instant::now() - shared.no_rest_since < patience)
      return;
    --shared.asleep;
    ++shared.awake;
    ++shared.calls;
    lock.unlock();
    shared.called.notify_one();
  }
};

} // namespace weft::detail
