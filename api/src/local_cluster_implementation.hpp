#pragma once

#include "actors/node.hpp"
#include "api/src/close_once.hpp"
#include "api/src/cluster_worker.hpp"

#include <weft/local_cluster.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weft {

struct local_cluster::implementation {
  explicit implementation(local_cluster_options options);
  ~implementation();

  /// Throws std::logic_error if it is closed, as the next three do.
  std::shared_ptr<detail::client_connection> connect(const std::string& client_name) const;
  std::string start(new_worker_options how);
  void stop(const std::string& name);
  void scale(std::size_t count);
  std::vector<std::string> names() const;
  void close();

  const local_cluster_options options;
  const std::uint32_t threads_per_worker;
  const std::shared_ptr<detail::node> node;
  const std::optional<detail::cluster_key> key; // only where workers are processes
  std::shared_ptr<detail::scheduler_handle> scheduler;

 private:
  // With mutex_ held.
  void require_open() const;
  void require_other(const detail::cluster_worker& worker) const;

  void start_several(std::size_t count);
  std::unique_ptr<detail::cluster_worker> make(new_worker_options how);
  std::string reserve_name(const std::string& wanted);
  void leave(std::unique_ptr<detail::cluster_worker> worker);
  void stop_everything();

  mutable std::mutex mutex_;
  // Guarded by mutex_; starting and stopping itself happens without it.
  std::vector<std::unique_ptr<detail::cluster_worker>> workers_; // in the order in which they were started
  std::vector<std::string> starting_;
  std::uint64_t next_number_ = 0;
  bool closed_ = false;

  detail::close_once close_once_;
};

} // namespace weft
