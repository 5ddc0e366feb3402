#pragma once

#include <cstdint>

namespace weft::detail {

/// The knobs of placement, each a measure in time or in tasks.
struct scheduler_settings {
  std::int64_t window = 5'000'000;     ///< nanoseconds of work per thread assigned ahead
  std::uint32_t window_tasks = 2;      ///< at least so many tasks per thread
  std::int64_t unmeasured = 1'000'000; ///< what a function without a finished run counts as, nanoseconds
  std::int64_t stealing_threshold =
      500'000;                   ///< a victim has at least this much queued per thread, nanoseconds
  std::uint32_t many_waits = 64; ///< if more tasks wait inside for others, what is submitted then goes first
  std::uint32_t allowed_failures = 3; ///< workers a task may kill before it fails with worker_killed
};

} // namespace weft::detail
