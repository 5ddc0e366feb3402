#pragma once

#include "bench/support/task_grid.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace bench {

/// A task grid for systems without futures: where results lie, and how many inputs each task still waits for.
class grid_counters {
 public:
  explicit grid_counters(const task_grid& grid)
      : grid_(grid), cells_(size()), missing_(std::make_unique<std::atomic<int>[]>(size())) {
    for (int step = 0; step < grid.steps; ++step)
      for (int point = 0; point < grid.width; ++point)
        missing_[at(step, point)].store(grid.needed_by(step, point).count, std::memory_order_relaxed);
  }

  /// Runs a task whose inputs are there.
  void run(int step, int point) {
    const auto needed = grid_.needed_by(step, point);
    const auto input = [&](std::size_t i) { return cells_[at(step - 1, needed.at[i])]; };
    cell& result = cells_[at(step, point)];
    if (needed.count == 0)
      result = run_point(step, point, grid_.iterations, {});
    else if (needed.count == 1)
      result = run_point(step, point, grid_.iterations, {input(0)});
    else if (needed.count == 2)
      result = run_point(step, point, grid_.iterations, {input(0), input(1)});
    else
      result = run_point(step, point, grid_.iterations, {input(0), input(1), input(2)});
  }

  /// The same, then calls spawn(step, point) for each task that waited for this one last.
  template <class Spawn>
  void run_and_spawn(int step, int point, Spawn&& spawn) {
    run(step, point);
    for (const int other : grid_.needing(step, point))
      if (missing_[at(step + 1, other)].fetch_sub(1, std::memory_order_acq_rel) == 1) spawn(step + 1, other);
  }

 private:
  std::size_t size() const {
    return static_cast<std::size_t>(grid_.width) * static_cast<std::size_t>(grid_.steps);
  }
  std::size_t at(int step, int point) const {
    return static_cast<std::size_t>(step) * static_cast<std::size_t>(grid_.width) +
           static_cast<std::size_t>(point);
  }

  task_grid grid_;
  std::vector<cell> cells_;
  std::unique_ptr<std::atomic<int>[]> missing_;
};

} // namespace bench
