#pragma once

#include "runtime/scheduler/scheduler_state.hpp"
#include "tests/support/seeded_random.hpp"

#include <vector>

namespace weft::test {

using namespace detail;

class world;

/// The scheduler's shell: what has arrived is taken in, then placement settles, then the answers go out.
class simulated_scheduler {
 public:
  explicit simulated_scheduler(world& its);

  void hear(std::vector<scheduler_event>&& batch);
  void hear(scheduler_event&& event);

  scheduler_state machine;

 private:
  void turn();
  void step(scheduler_event&& event);
  void flush();
  void send_to_worker(worker_id to, std::vector<worker_event>& batch);
  void send_to_client(client_id to, std::vector<holder_event>& batch);
  bool has_rare_module(worker_id worker) const;
  void check_mismatch(const result_failed& told) const;

  world& world_;
  seeded_random chance_;
  std::vector<scheduler_event> inbox_;
  scheduler_commands commands_;
  bool turn_planned_ = false;
  std::vector<worker_id> had_rare_module_; // when this turn began
};

} // namespace weft::test
