#pragma once

#include <cstdint>

namespace weft::detail {

/// The knobs of placement, each a measure in time or in tasks.
struct scheduler_settings {
  std::int64_t window = 5'000'000;     ///< nanoseconds of work per thread assigned ahead
  std::uint32_t window_tasks = 2;      ///< at least so many tasks per thread
  std::int64_t unmeasured = 1'000'000; ///< what a function without a finished run counts as, nanoseconds
  std::int64_t stealing_threshold =
      500'000; ///< a victim has at least this much queued per thread, nanoseconds
  /// If more tasks, of all workers, wait inside for others, what is submitted then goes first. A worker does
  /// the same with what it was handed, at a limit of its own that counts only its own waits
  /// (many_waits_here); it is lower, because all of those cost threads of one process.
  std::uint32_t many_waits = 64;
  /// Workers that a task may kill before it fails with worker_killed: so many more deaths than this. Counted
  /// is every worker that died while it ran the task; for the first, of which that is not known, that it had
  /// the task. That one alone never makes a task fail.
  std::uint32_t allowed_failures = 3;
};

} // namespace weft::detail
