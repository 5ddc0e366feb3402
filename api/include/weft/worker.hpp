#pragma once

#include <weft/export.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weft {

struct worker_options {
  /// How many tasks run at once; 0: one per core.
  std::uint32_t threads = 0;
  /// How many workers this process is.
  std::uint32_t workers = 1;
  /// Unique in the cluster; several workers get "-0", "-1" and so on. Empty: made up.
  std::string name = {};
  /// See scheduler_options; here the file has to be there.
  std::string key_file = {};
  /// Libraries with task functions, loaded first.
  std::vector<std::string> libraries = {};
  /// Allows an address that is not on this machine's loopback: what goes over the network is not encrypted,
  /// only who connects is known.
  bool insecure = false;
};

/// Runs tasks of the cluster whose scheduler is at `address`, until SIGINT or SIGTERM comes or the cluster
/// wants this process no more; says on standard error what happens. After a signal other workers take over
/// what it holds and has not begun, and tasks that run may end, for 4 s; then they are asked to stop, and the
/// process ends 5 s later at the latest. Returns the process's exit code: 0, or 3
/// if the scheduler was lost. Call it before other threads are started: it blocks those signals. Throws
/// connection_error and timeout_error, naming the address;
/// std::invalid_argument for what is no address, for one that is not loopback though not `insecure`, and for
/// a library that cannot be loaded.
WEFT_API int run_worker(const std::string& address, const worker_options& options = {});

/// Blocks SIGINT and SIGTERM for the calling thread and those that it starts, and waits for one of them.
class WEFT_API stop_signals {
 public:
  stop_signals();
  ~stop_signals();
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  /// The signal's number; 0 after `end_waiting`.
  int wait();
  /// Whether `wait` would return a signal at once.
  bool asked() const;
  /// Any thread.
  void end_waiting();

 private:
  int descriptor_;
  int ended_;
};

/// The exit codes of Weft's own programs, for the exception in flight: 1 a task failed, 2 usage, 3 cannot
/// connect, 4 timeout, 5 mismatch of builds.
WEFT_API int exit_code_for_exception();

} // namespace weft
