#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft {

/// What may be asked for a task; give only what you need, in this order:
///
///     client.submit({.key = "totals", .retries = 3}, add_up, blocks);
struct task_options {
  /// A name of your own, unique among the cluster's living tasks, else `key_conflict`: thrown by `submit`
  /// where this client has it, by `result()` where another one has. At most 1 MiB, else
  /// std::invalid_argument. Empty: made from the function's name.
  std::string key = {};
  /// Of two tasks that could run, the one with the higher number runs first. What a busy worker has been
  /// given ahead (a task a thread, or 5 ms of work) when the other is submitted may still come before it.
  std::int32_t priority = 0;
  /// How often a task that throws is run again before it counts as failed.
  std::uint32_t retries = 0;
  /// Names of the workers that may run it; empty: any.
  std::vector<std::string> workers = {};
  /// `workers` is a wish: others run it where none of those is there.
  bool allow_other_workers = false;
};

} // namespace weft
