#include "bench/support/task_grid.hpp"

#include "bench/support/runner.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace bench {

namespace {

constexpr int cores = 2;

// Not inlined, or the compiler could see that nobody looks at the result.
[[gnu::noinline]] double kernel(long iterations) {
  double values[64];
  std::ranges::fill(values, 1.2345);
  for (long i = 0; i < iterations; ++i) {
    for (double& value : values)
      value = value * value + value;
    asm volatile("" : : "g"(values) : "memory");
  }
  double product = 1;
  for (const double value : values)
    product *= value;
  return product;
}

void use(double value) {
  asm volatile("" : : "x"(value));
}

} // namespace

task_grid::points task_grid::needed_by(int step, int point) const {
  points found;
  if (step == 0) return found;
  int distance = 1;
  if (is == pattern::fft) {
    const int sets = std::max(1, static_cast<int>(std::bit_width(static_cast<unsigned>(width - 1))));
    distance = 1 << ((step + sets - 1) % sets);
  }
  for (const int other : {point - distance, point, point + distance})
    if (other >= 0 && other < width) found.at[static_cast<std::size_t>(found.count++)] = other;
  return found;
}

task_grid::points task_grid::needing(int step, int point) const {
  return step + 1 < steps ? needed_by(step + 1, point) : points{};
}

cell run_point(int step, int point, long iterations, std::initializer_list<cell> inputs) {
  for (const cell& input : inputs)
    if (input.step != step - 1) {
      std::fprintf(stderr, "wrong result: W8, step %d of point %d\n", step, point);
      std::abort();
    }
  use(kernel(iterations));
  return {step, point};
}

double kernel_seconds() {
  constexpr long iterations = 100'000;
  double best = 1;
  for (int i = 0; i < 20; ++i) {
    const double begun = now();
    use(kernel(iterations));
    best = std::min(best, (now() - begun) / iterations);
  }
  return best;
}

measures find_granularity(task_grid grid, double largest, double seconds, const grid_function& run) {
  struct size {
    double efficiency = 0;
    double granularity = 0; // microseconds
  };
  size over, under; // the last over one half and the first under it
  const int most_steps = grid.steps;
  for (double wanted = largest; wanted > 0.02; wanted /= 1.5) {
    grid.iterations = std::max(1L, std::lround(wanted * 1e-6 / seconds));
    // Of long tasks fewer steps: about 40 ms of work a run.
    grid.steps =
        std::clamp(static_cast<int>(40'000 * cores / (wanted * grid.width)), 30, std::max(30, most_steps));
    const double tasks = static_cast<double>(grid.width) * grid.steps;
    double wall = 1e9, efficiency = 0;
    // A disturbed run must not end the search: what is under one half is tried again.
    for (int i = 0; i < 8 && (i < 3 || efficiency < 0.52); ++i) {
      wall = std::min(wall, run(grid));
      efficiency = static_cast<double>(grid.iterations) * seconds * tasks / (wall * cores);
    }
    const size here{efficiency, wall * cores / tasks * 1e6};
    if (efficiency >= 0.5) {
      over = here;
      under = {};
    } else if (under.granularity == 0) {
      under = here;
    }
    if (efficiency < 0.25) break;
  }
  if (over.granularity == 0) return {};
  double found = over.granularity; // even the smallest reach half
  if (under.granularity > 0) {
    const double part = (over.efficiency - 0.5) / (over.efficiency - under.efficiency);
    found = over.granularity * std::pow(under.granularity / over.granularity, part);
  }
  const char* name = grid.is == task_grid::pattern::fft ? "fft" : "stencil_1d";
  return {{std::string("metg_") + name + '_' + std::to_string(grid.width), found, "us"}};
}

measures find_granularities(double largest, double seconds, int steps, const grid_function& run) {
  measures all;
  for (const auto pattern : {task_grid::pattern::stencil_1d, task_grid::pattern::fft})
    for (const int width : {2, 16})
      for (auto& each : find_granularity({pattern, width, steps, 1}, largest, seconds, run))
        all.push_back(each);
  return all;
}

} // namespace bench
