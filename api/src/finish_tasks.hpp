#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace weft::detail {

class worker_handle;

/// For a worker that was retired and has not left in time. If it is because of its tasks, asks them to stop,
/// waits up to `task_limit` for them, and then up to `hand_over_limit` until what they made is handed over.
/// Returns the keys of those that still run.
std::vector<std::string> finish_tasks(worker_handle& worker, std::chrono::nanoseconds task_limit,
                                      std::chrono::nanoseconds hand_over_limit);

} // namespace weft::detail
