#pragma once

#include "bench/support/measure.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>

namespace bench {

/// A graph of Task Bench (Slaughter et al., SC20): `width` points that take `steps` steps, each needing some
/// points of the step before.
struct task_grid {
  enum class pattern { stencil_1d, fft };

  pattern is = pattern::stencil_1d;
  int width = 2;
  int steps = 1000;
  long iterations = 1; ///< of the kernel, in each task

  /// The points of the step before that this one needs.
  struct points {
    std::array<int, 3> at{};
    int count = 0;
    const int* begin() const { return at.data(); }
    const int* end() const { return at.data() + count; }
  };
  points needed_by(int step, int point) const;
  /// The points of the next step that need this one; both patterns are symmetric.
  points needing(int step, int point) const;
};

/// What a task gives: which step it was.
struct cell {
  std::int64_t step = 0;
  std::int64_t point = 0;
};

/// A task's work: checks that its inputs are of the step before, and runs the kernel (64 multiply-adds of
/// doubles an iteration). Ends the program if an input is wrong.
cell run_point(int step, int point, long iterations, std::initializer_list<cell> inputs);

/// Seconds an iteration of the kernel takes on one core, the best of many.
double kernel_seconds();

/// Runs a whole graph and returns its wall time in seconds.
using grid_function = std::function<double(const task_grid&)>;

/// METG(50%), the minimum effective task granularity: makes tasks smaller until less than half of what two
/// cores can do at best is reached, and gives the wall time times cores per task at that point, in
/// microseconds. Empty if even the largest tasks do not reach half. `seconds` is kernel_seconds().
measures find_granularity(task_grid grid, double largest, double seconds, const grid_function& run);

/// The same for stencil_1d and fft, each with widths 2 and 16: metg_stencil_1d_2 and so on.
/// `largest` is the time of the largest tasks, in microseconds.
measures find_granularities(double largest, double seconds, int steps, const grid_function& run);

} // namespace bench
