#pragma once

#include "runtime/services/thread_role.hpp"
#include "runtime/services/worker_engine.hpp"

#include <thread>

namespace weft::detail {

/// One of a worker's threads: the batch it runs, and the place its task occupies. Guarded by the engine's
/// lock, but for what task_batch says of itself.
struct worker_engine::executor_thread final : task_place {
  explicit executor_thread(worker_engine& its) : engine(its), batch(its.functions_, its.settings_.name) {}

  void give_up() override { engine.give_up_place(*this); }
  void take_back() override { engine.take_back_place(*this); }

  worker_engine& engine;
  task_batch batch;
  instant begun;           ///< when the batch was taken
  aftermath after;         ///< of the steps that this thread makes
  aftermath while_waiting; ///< of the steps that it makes inside a task
  instant seceded;         ///< when its task began to wait
  bool busy = false;       ///< has a batch
  bool back_soon = false;  ///< it is short, or the thread looks whether there is work
  std::thread thread;
};

} // namespace weft::detail
