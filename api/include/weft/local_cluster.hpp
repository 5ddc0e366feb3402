#pragma once

#include <weft/export.hpp>
#include <weft/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft {

/// What a local cluster begins with; give only what you need, in this order.
struct local_cluster_options {
  std::size_t workers = 1;
  /// How many tasks each runs at once. 0: so many that all workers together have one per core.
  std::uint32_t threads_per_worker = 0;
  /// Workers are processes of their own that run this program, up to its weft::init: they have the functions
  /// of libraries that it is linked with or opens with dlopen before `init`, and not of those opened later.
  /// Of what the program has open they have nothing but standard output and standard error, whose lines come
  /// with the worker's name. Otherwise they are threads of this one.
  bool processes = false;
  /// How long its end waits for tasks that run: 5 s.
  nanoseconds shutdown_timeout{5'000'000'000};
};

struct new_worker_options {
  /// Unique in the cluster; empty: "worker-0", "worker-1" and so on.
  std::string name = {};
  /// 0: as many as the cluster's workers have.
  std::uint32_t threads = 0;
};

/// A scheduler and workers on this machine, as threads or as processes of this program. All members may be
/// called from any thread, and while work runs. Once it is closed, starting and stopping workers throws
/// std::logic_error.
class WEFT_API local_cluster {
 public:
  local_cluster();
  /// With `.processes` it throws std::logic_error where there is no live weft::init, and in a worker process.
  /// Throws std::invalid_argument for more than 65,536 workers, std::system_error or weft::error where the
  /// system refuses what one needs.
  explicit local_cluster(local_cluster_options options);
  /// Closes.
  ~local_cluster();
  local_cluster(const local_cluster&) = delete;
  local_cluster& operator=(const local_cluster&) = delete;

  /// Starts workers, or stops those that came last, as `stop_worker` does, until there are so many. Worker
  /// processes that have died do not count. Throws as the constructor and stop_worker do.
  void scale(std::size_t workers);

  /// One more; returns its name. Throws connection_error if the name is taken.
  std::string start_worker(new_worker_options options = {});

  /// Lets a worker finish what it runs, hand over what it holds, and leave. Tasks that take longer than
  /// `shutdown_timeout` are asked to stop; a process that they keep for as long again ends in the middle of
  /// them, and they run elsewhere. Handing over may take as long, from the last task's end. Throws
  /// std::invalid_argument for an unknown name, std::logic_error if it is a task of that worker that asks.
  void stop_worker(const std::string& name);

  std::vector<std::string> worker_names() const;

  /// Ends everything: waits for tasks that run up to `shutdown_timeout`, then worker processes end in the
  /// middle of them; threads cannot be killed. Either way it is said on stderr which tasks these are. Clients
  /// of it find the scheduler gone. Idempotent: who calls it again waits for the end as well. Throws
  /// std::logic_error if it is one of its workers' tasks that asks.
  void close();

 private:
  friend class client;
  struct implementation;
  implementation* implementation_;
};

} // namespace weft
