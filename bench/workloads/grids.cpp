#include "bench/support/runner.hpp"
#include "bench/support/task_grid.hpp"
#include "bench/workloads/workloads.hpp"

#include <utility>

namespace bench {

namespace {

cell begin_point(int step, int point, long iterations) {
  return run_point(step, point, iterations, {});
}
cell point_of_one(int step, int point, long iterations, const cell& a) {
  return run_point(step, point, iterations, {a});
}
cell point_of_two(int step, int point, long iterations, const cell& a, const cell& b) {
  return run_point(step, point, iterations, {a, b});
}
cell point_of_three(int step, int point, long iterations, const cell& a, const cell& b, const cell& c) {
  return run_point(step, point, iterations, {a, b, c});
}

// Futures of a step go when the next one is submitted: a client that kept all would measure its memory.
double run_grid(weft::client& client, const task_grid& grid) {
  const double begun = now();
  std::vector<weft::future<cell>> before, row;
  for (int step = 0; step < grid.steps; ++step) {
    for (int point = 0; point < grid.width; ++point) {
      const auto needed = grid.needed_by(step, point);
      const auto input = [&](std::size_t i) -> auto& {
        return before[static_cast<std::size_t>(needed.at[i])];
      };
      if (needed.count == 0)
        row.push_back(client.submit(begin_point, step, point, grid.iterations));
      else if (needed.count == 1)
        row.push_back(client.submit(point_of_one, step, point, grid.iterations, input(0)));
      else if (needed.count == 2)
        row.push_back(client.submit(point_of_two, step, point, grid.iterations, input(0), input(1)));
      else
        row.push_back(
            client.submit(point_of_three, step, point, grid.iterations, input(0), input(1), input(2)));
    }
    before = std::exchange(row, {});
  }
  for (const auto& last : client.gather(before))
    expect(last.step == grid.steps - 1, "W8");
  return now() - begun;
}

} // namespace

measures smallest_tasks(session& in, const settings& how) {
  return find_granularities(2'000, kernel_seconds(), how.scaled(1000),
                            [&](const task_grid& grid) { return run_grid(in.client, grid); });
}

} // namespace bench
