#pragma once

#include "actors/cluster_members.hpp"
#include "actors/local_worker.hpp"
#include "actors/node.hpp"
#include "actors/process_actors.hpp"
#include "actors/scheduler_shell.hpp"
#include "runtime/core/functions.hpp"
#include "runtime/services/data_router.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weft::detail {

class scheduler_gate;

/// A scheduler of this process: its actor, who belongs to the cluster, and how others come in.
class scheduler_host final : public scheduler_handle, public std::enable_shared_from_this<scheduler_host> {
 public:
  scheduler_host(std::shared_ptr<process_actors> actors, scheduler_options options);
  ~scheduler_host() override;
  /// Opens the port, if one is wanted.
  void open();

  std::string address() const override;
  void accept_socket(unique_descriptor socket) override;
  bool retire_worker(const std::string& name) override;
  void worker_process_ended(const std::string& name, const std::string& how) override;
  bool wait_until_joined(const std::string& name) const override;
  std::vector<std::string> worker_names() const override;
  void stop() override;

  std::shared_ptr<worker_handle> start_worker(const worker_options& options);
  std::shared_ptr<client_connection> connect(const std::string& client_name);

  // -- for links
  // -------------------------------------------------------------------------------------------------

  cluster_members& members() noexcept { return members_; }
  port<scheduler_event> make_port() { return actor_->make_port(); }
  void add_worker(worker_id worker, port<worker_event> to);
  void add_client(client_id client, port<holder_event> to);
  /// The worker is gone; once for each that was added.
  void lose_worker(worker_id worker, const std::string& how);
  /// Says something to the scheduler in nobody's name.
  void tell(scheduler_event event);

 private:
  void on_ended(const std::string& how);
  bool take_in_client(client_id client, const port<holder_event>& to);

  const std::shared_ptr<process_actors> actors_;
  const scheduler_options options_;
  cluster_members members_;
  std::shared_ptr<hosted<scheduler_event>> actor_;
  std::shared_ptr<scheduler_shell> shell_;
  port<scheduler_event> port_;
  std::shared_ptr<data_router> router_;
  std::shared_ptr<scheduler_gate> gate_; // null if no other process may come in

  std::mutex mutex_;
  bool stopped_ = false;
  std::vector<std::weak_ptr<local_worker>> local_workers_;
};

} // namespace weft::detail
