#pragma once

#include "actors/node.hpp"
#include "actors/process_actors.hpp"
#include "actors/shell.hpp"
#include "runtime/services/data_router.hpp"
#include "runtime/services/worker_engine.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

namespace weft::detail {

/// A worker of this process, whose scheduler is in this process too or behind a link: engine, actor and data
/// plane put together.
class local_worker final : public worker_handle, public std::enable_shared_from_this<local_worker> {
 public:
  /// How the worker hangs together with its scheduler.
  struct connections {
    port<scheduler_event> scheduler;
    std::shared_ptr<data_router> router;
    attributes_ptr attributes;
    stage where = stage::scheduled;
    std::function<void()> flush_reports{}; ///< see worker_engine
    /// The worker's part is over, for this reason; called once, on any thread, must not block. Tells the
    /// scheduler, if it is not the scheduler that ended it.
    std::function<void(const std::string& how)> on_left;
  };

  static std::shared_ptr<local_worker> make(std::shared_ptr<process_actors> actors, worker_id id,
                                            const worker_options& options,
                                            const function_directory& functions, connections how);
  ~local_worker() override;

  /// Where the scheduler's events for this worker go.
  port<worker_event> port_for_scheduler();
  /// The scheduler knows the worker and may give it work.
  void start();
  /// Nothing more will come from the scheduler.
  void lose_scheduler(const std::string& how) { leave("lost the scheduler: " + how); }

  worker_id id() const noexcept override { return engine_->id(); }
  const std::string& name() const noexcept override { return engine_->name(); }
  std::vector<std::string> stop(std::chrono::nanoseconds limit) override;
  bool runs_calling_thread() const noexcept override { return engine_->runs_calling_thread(); }
  std::vector<std::string> wait_for_tasks(std::chrono::nanoseconds limit) override {
    return engine_->wait_until_idle(limit);
  }
  void ask_to_retire() override;
  bool wait_until_left(std::chrono::nanoseconds limit) override;
  std::string how_it_left() const override;

 private:
  local_worker(std::shared_ptr<process_actors> actors, connections how)
      : actors_(std::move(actors)), connections_(std::move(how)) {}
  void leave(const std::string& how);

  const std::shared_ptr<process_actors> actors_;
  const connections connections_;
  std::shared_ptr<worker_engine> engine_;
  std::shared_ptr<hosted<worker_event>> actor_;

  mutable std::mutex mutex_;
  std::condition_variable has_left_;
  std::string how_it_left_;
};

} // namespace weft::detail
