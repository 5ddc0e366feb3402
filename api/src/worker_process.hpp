#pragma once

namespace weft::detail {

/// The life of a process that a local_cluster has started: joins over the inherited socket, runs tasks, ends
/// the process when it is asked to, when it was retired, and when the program that started it is gone.
[[noreturn]] void run_worker_process();

} // namespace weft::detail
