#pragma once

#include <weft/weft.hpp>

#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace bench {

/// A cluster of two workers with one thread each, as threads or as processes, and its client; both have run a
/// task.
struct session {
  explicit session(bool processes);

  /// Runs a task on each worker: what was released before is done with by then.
  void settle();

  /// The workers' names, in the order in which the scheduler knows them.
  std::vector<std::string> worker_names() const;
  /// This process and the workers'.
  std::set<pid_t> processes() const;

  bool in_processes;
  weft::local_cluster cluster;
  weft::client client;
};

} // namespace bench
