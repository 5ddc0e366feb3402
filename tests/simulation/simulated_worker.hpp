#pragma once

#include "runtime/holder/protocol.hpp"
#include "runtime/worker/worker_state.hpp"
#include "tests/simulation/link.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weft::test {

using namespace detail;

class world;

enum class ending {
  left,         ///< in order
  process_died, ///< what it has sent arrives
  machine_died, ///< what it has sent is lost if it has not arrived
};

/// A worker's shell and its threads.
class simulated_worker {
 public:
  simulated_worker(world& its, worker_id self, attributes_ptr attributes);

  worker_id self() const { return machine.self(); }
  const std::string& name() const { return attributes_->name; }
  bool has_rare_module() const { return attributes_->modules.size() > 1; }
  bool alive() const { return alive_; }
  /// Whether it runs and the scheduler's side of its link is good.
  bool live() const { return alive_ && !cut_off_; }
  void cut_off() { cut_off_ = true; }
  bool idle() const;

  void hear_from_network(worker_event&& event);
  /// It ends, in order or not; nothing more comes from it.
  void end(const char* why, ending how);
  /// It does nothing until then.
  void stall(instant until);

  worker_state machine;
  simulated_link<worker_event> from_scheduler;
  simulated_link<scheduler_event> to_scheduler;

 private:
  struct planned_run {
    ready_task what;
    bool stopped = false;
    bool begun = false;
  };
  struct executor_thread {
    bool busy = false;
    bool extra = false;           // only there to end what waited: it takes nothing new
    std::deque<planned_run> runs; // the first one is running, or about to
  };

  void hear(std::vector<worker_event>&& batch);
  void step(worker_event&& event);
  void flush();
  void send_reports();
  void report_directly(const task_finished& report);
  void plan_tick();
  void wake_threads();
  void take(std::size_t thread);
  void run_next(std::size_t thread);
  void finish(std::size_t thread);
  void secede(std::size_t thread, std::int64_t rest);
  void rejoin(task_id task, run_id run, std::int64_t rest);
  void when_awake(std::function<void()> action);
  void awake();
  void stop(task_id task, run_id run);

  world& world_;
  seeded_random chance_;
  attributes_ptr attributes_;
  bool alive_ = true;
  bool cut_off_ = false;
  instant stalled_until_;
  std::vector<std::function<void()>> deferred_; // while it stalls
  instant tick_planned_;                        // zero: none
  worker_commands commands_;
  std::vector<executor_thread> threads_;
  std::vector<planned_run> waiting_; // inside
  std::map<client_id, simulated_link<holder_event>> to_clients_;
};

} // namespace weft::test
