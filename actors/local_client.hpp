#pragma once

#include "actors/future_holder_shell.hpp"
#include "actors/node.hpp"
#include "actors/process_actors.hpp"
#include "runtime/services/data_router.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace weft::detail {

/// A client of this process, whose scheduler is in this process too or behind a link: future holder, actor
/// and data plane put together.
class local_client final : public client_connection {
 public:
  struct connections {
    port<scheduler_event> scheduler;
    std::shared_ptr<data_router> router;
    std::string scheduler_address;
    bool may_travel = false;
    stage where = stage::scheduled;
    /// Makes the scheduler know this client, which hears it at this port.
    std::function<void(const port<holder_event>&)> join;
    /// Makes the scheduler forget it. Called once if `join` was.
    std::function<void()> leave;
  };

  local_client(std::shared_ptr<process_actors> actors, client_id id, connections how);
  ~local_client() override;

  client_id id() const noexcept override { return id_; }
  const port<scheduler_event>& scheduler() const noexcept override { return connections_.scheduler; }
  data_mover& data() noexcept override { return *data_; }
  const std::string& scheduler_address() const noexcept override { return connections_.scheduler_address; }
  bool may_travel() const noexcept override { return connections_.may_travel; }
  void start(client_sink& sink) override;
  void close() override;

  /// Where this client hears the scheduler.
  const port<holder_event>& port_for_scheduler() const noexcept { return port_; }

 private:
  const std::shared_ptr<process_actors> actors_;
  const client_id id_;
  const connections connections_;
  const std::shared_ptr<future_holder_shell> shell_;
  const std::shared_ptr<hosted<holder_event>> actor_;
  const port<holder_event> port_;
  std::unique_ptr<data_mover> data_;
  std::mutex mutex_;
  bool started_ = false;
};

} // namespace weft::detail
