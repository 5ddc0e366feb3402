#include "runtime/worker/run_queue.hpp"
#include "tests/support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace weft::detail {
namespace {

task_id task(std::uint64_t sequence) {
  return task_id::make(client_id{1}, sequence);
}

std::vector<std::uint64_t> drained(run_queue& its) {
  std::vector<std::uint64_t> order;
  for (; !its.empty(); its.pop_front())
    order.push_back(its.front().sequence());
  return order;
}

TEST(run_queue, who_comes_late_is_served_when_its_turn_was) {
  run_queue its;
  its.push(0, 1, task(1));
  its.push(0, 4, task(4));
  its.push(0, 3, task(3));
  its.push(0, 2, task(2));
  its.push(0, 5, task(5));
  EXPECT_EQ(drained(its), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST(run_queue, a_higher_priority_goes_before_all_turns) {
  run_queue its;
  its.push(0, 1, task(1));
  its.push(7, 3, task(3));
  its.push(-7, 2, task(2));
  its.push(7, 4, task(4));
  EXPECT_EQ(drained(its), (std::vector<std::uint64_t>{3, 4, 1, 2}));
}

TEST(run_queue, pushed_and_popped_at_random_it_is_always_the_best_that_comes) {
  test::seeded_random random{17};
  run_queue its;
  std::map<std::pair<std::int32_t, std::int64_t>, task_id> model; // by priority, the highest first, and turn
  for (std::int64_t step = 1; step < 5000; ++step) {
    if (random.below(5) < 3) {
      const auto priority = static_cast<std::int32_t>(random.below(3));
      const auto turn = step * 8 - static_cast<std::int64_t>(random.below(64)) * 8 + step % 8;
      if (!model.emplace(std::pair{-priority, turn}, task(static_cast<std::uint64_t>(step))).second) continue;
      its.push(priority, turn, task(static_cast<std::uint64_t>(step)));
    } else if (!model.empty()) {
      ASSERT_EQ(its.front(), model.begin()->second);
      its.pop_front();
      model.erase(model.begin());
    }
  }
  EXPECT_EQ(its.empty(), model.empty());
}

} // namespace
} // namespace weft::detail
