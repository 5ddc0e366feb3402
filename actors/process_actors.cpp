#include "actors/process_actors.hpp"

#include "actors/patient_sharing.hpp"
#include "runtime/core/page_memory.hpp"
#include "runtime/services/storage_pool.hpp"

#include <weft/errors.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/logger.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <csignal>
#include <exception>
#include <future>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

namespace weft::detail {

namespace {

// CAF's defaults are for many actors that compute; ours are few and pass on what they get. Sharing one queue
// wakes a thread in 10 µs, where stealing between queues polls and sleeps, and a second one only where it is
// worth that; and what arrives at a socket is handled by the thread that read it. Nothing is ever published,
// so no port of CAF's own is open.
struct configuration : caf::actor_system_config {
  configuration() {
    load<caf::scheduler::coordinator<patient_sharing>>();
    load<caf::io::middleman>();
    set("scheduler.max-threads", std::size_t{2});
    set("middleman.workers", std::size_t{0});
  }
};

constexpr std::chrono::seconds storage_trim_interval{1};

// CAF's threads inherit the mask: signals shall reach the threads that expect them.
class without_signals {
 public:
  without_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~without_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// Those of CAF and our own, and a few more.
constexpr std::size_t threads_needed = 8;

} // namespace

// CAF neither ends nor says why if it is refused a thread in the middle of its start: it waits for ever, or
// aborts. So all are asked for before.
process_actors::thread_check::thread_check() {
  const without_signals scope;
  std::promise<void> all_there;
  const auto enough = all_there.get_future().share();
  std::vector<std::thread> threads;
  std::string trouble;
  try {
    while (threads.size() < threads_needed)
      threads.emplace_back([enough] { enough.wait(); });
  } catch (const std::exception& why) {
    trouble = why.what();
  }
  all_there.set_value();
  for (auto& each : threads)
    each.join();
  if (!trouble.empty()) throw error("weft: cannot start the threads that its actors need: " + trouble);
}

struct process_actors::caf_parts {
  configuration settings;
  caf::actor_system system{settings};
};

process_actors::process_actors() {
  const without_signals scope;
  caf_ = std::make_unique<caf_parts>();
  storage_trimmer_ = timers_.add(
      [](instant now) {
        storage_pool::of_process().trim(now);
        trim_page_memory();
        return now + storage_trim_interval;
      },
      instant::now() + storage_trim_interval);
}

process_actors::~process_actors() {
  // Nobody will trim it any more, and nobody will come for what it keeps.
  storage_pool::of_process().trim(instant::now() + std::chrono::nanoseconds{storage_pool::patience});
  for (int i = 0; i < 2; ++i) // the first time for what was needed until now
    trim_page_memory();
  if (io_) io_->close(); // what it still held for CAF goes before CAF does
}

caf::actor_system& process_actors::system() noexcept {
  return caf_->system;
}

io_thread& process_actors::io() {
  std::lock_guard lock{io_mutex_};
  if (!io_) io_ = std::make_unique<io_thread>();
  return *io_;
}

leave_actor_system::~leave_actor_system() {
  caf::logger::set_current_actor_system(nullptr);
}

} // namespace weft::detail
