#pragma once

#include <string>

namespace weft::detail {

/// Throws std::logic_error where this program cannot start worker processes of itself: without a live
/// weft::init, and in a worker process.
void require_program_for_workers();

/// What weft::init holds open. Throws as `require_program_for_workers`.
struct program_file {
  std::string path; ///< of a descriptor: "/proc/self/fd/10"
  std::string name; ///< argv[0]
};
program_file program_for_workers();

/// From now on this process is a worker's.
void become_worker_process();

} // namespace weft::detail
