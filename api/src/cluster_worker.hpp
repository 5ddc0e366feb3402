#pragma once

#include "runtime/core/instant.hpp"
#include "runtime/services/ports.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weft::detail {

class cluster_key;
class node;
class scheduler_handle;

/// A worker of a local cluster, as the cluster sees it: threads of this process or a process of its own. One
/// thread at a time.
class cluster_worker {
 public:
  virtual ~cluster_worker() = default;

  virtual const std::string& name() const noexcept = 0;

  /// Whether it still runs (a process may have died).
  virtual bool running() const = 0;

  /// Whether it is one of its tasks that asks.
  virtual bool runs_calling_thread() const noexcept = 0;

  /// Waits until a worker that was retired has left, at most so long.
  virtual bool wait_until_left(std::chrono::nanoseconds limit) = 0;

  /// For one that was retired and has not left in time. If that is because of its tasks, asks them to stop,
  /// waits for them at most so long, and then for so long again until what they made is handed over.
  /// Returns what it still waits for, in words; empty: its tasks have ended.
  virtual std::string finish(std::chrono::nanoseconds limit) = 0;

  /// Asks it to end: it takes no more tasks, and those that run are asked to stop.
  virtual void ask_to_stop() = 0;

  /// Waits until it has ended, at most so long. Returns what it still waits for, in words; empty: it has
  /// ended.
  virtual std::string wait_until_stopped(std::chrono::nanoseconds limit) = 0;

  /// After `finish` or `wait_until_stopped`. Ends a process at once; waits for threads as long as it takes,
  /// for nothing can end them.
  virtual void force_to_stop() = 0;
};

/// Throws connection_error if the cluster has a worker of this name.
std::unique_ptr<cluster_worker> start_thread_worker(node& node,
                                                    const std::shared_ptr<scheduler_handle>& scheduler,
                                                    const std::string& name, std::uint32_t threads);

/// Starts the program that weft::init holds open. Returns when the process runs; whether it has joined says
/// `wait_for_worker_process`. Asked to stop, it ends after `shutdown_timeout` whatever runs, and says on
/// stderr which tasks did. Throws std::system_error, std::logic_error (see local_cluster).
std::unique_ptr<cluster_worker> start_process_worker(const std::shared_ptr<scheduler_handle>& scheduler,
                                                     const cluster_key& key, const std::string& name,
                                                     std::uint32_t threads,
                                                     std::chrono::nanoseconds shutdown_timeout);

/// Waits until a worker process has joined. Throws connection_error saying how it ended instead.
void wait_for_worker_process(cluster_worker& worker);

} // namespace weft::detail
