// What becomes of a thread, its batch and its clock while a task waits for another one.

#include "runtime/services/thread_role.hpp"
#include "tests/support/no_more_threads.hpp"
#include "tests/unit/worker_engine_fixture.hpp"

#include <atomic>
#include <future>
#include <map>
#include <set>

namespace weft::detail {
namespace {

using worker_engine_waiting_test = worker_engine_test;

TEST_F(worker_engine_waiting_test, tasks_that_wait_for_tasks_give_up_their_places) {
  start({.threads = 1});
  std::promise<void> released;
  auto future = released.get_future().share();
  constexpr int deep = 20;
  std::vector<worker_event> events;
  for (int i = 1; i <= deep; ++i)
    events.push_back(compute(i, [future, i](auto) {
      waiting_scope waiting;
      future.wait();
      return i;
    }));
  events.push_back(compute(deep + 1, [&](auto) {
    released.set_value();
    return 0;
  }));
  tell(std::move(events));
  std::vector<bool> seen(deep + 2);
  for (int i = 0; i <= deep; ++i) {
    auto event = next();
    seen[std::get<task_finished>(event).task.sequence()] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), deep + 1);
  EXPECT_EQ(seceded, deep);
  EXPECT_EQ(rejoined, deep);
}

TEST_F(worker_engine_waiting_test, what_a_task_waits_for_may_stand_behind_it_in_its_own_batch) {
  start({.threads = 1, .batch_time = 1h});
  // Measured as short, so that the next ones are taken together.
  tell_each(compute(1, [](auto) { return 0; }));
  finished(1);
  std::promise<void> second_ran;
  std::vector<worker_event> events;
  events.push_back(compute(2, [](auto) { return 2; }));
  events.push_back(compute(3, [&](auto) {
    waiting_scope waiting;
    second_ran.get_future().wait();
    return 3;
  }));
  events.push_back(compute(4, [&](auto) {
    second_ran.set_value();
    return 4;
  }));
  tell(std::move(events));
  EXPECT_EQ(finished(2), 2); // is reported although its batch goes on
  std::set<task_id> rest;
  for (int i = 0; i < 2; ++i) {
    auto event = next();
    rest.insert(std::get<task_finished>(event).task);
  }
  EXPECT_EQ(rest, (std::set{id(3), id(4)}));
}

TEST_F(worker_engine_waiting_test, a_task_may_not_wait_where_no_other_thread_could_take_its_place) {
  start({.threads = 1});
  tell_each(compute(1, [](auto) {
    const test::no_more_threads scope;
    try {
      waiting_scope waiting;
    } catch (const error& why) {
      return std::string(why.what()).find("cannot start a thread") == std::string::npos ? 1 : 2;
    }
    return 3;
  }));
  EXPECT_EQ(finished(1), 2);
  tell_each(compute(2, [](auto) {
    waiting_scope waiting;
    return 4;
  }));
  EXPECT_EQ(finished(2), 4);
}

TEST_F(worker_engine_waiting_test, the_time_that_a_task_waits_for_another_is_not_its_own) {
  start({.threads = 1});
  std::promise<void> done;
  std::int64_t waited = 0;
  const instant before = instant::now();
  const auto waits = [&](auto) {
    waiting_scope waiting;
    const instant begun = instant::now();
    done.get_future().wait();
    waited = (instant::now() - begun).count();
    return 1;
  };
  const auto takes_its_time = [&](auto) {
    for (const instant begun = instant::now(); instant::now() - begun < 20ms;) {
    }
    done.set_value();
    return 2;
  };
  tell_each(compute(1, waits), compute(2, takes_its_time));
  std::map<task_id, std::int64_t> durations;
  while (durations.size() < 2) {
    auto event = next();
    durations[std::get<task_finished>(event).task] = std::get<task_finished>(event).duration;
  }
  const std::int64_t all = (instant::now() - before).count();
  EXPECT_GE(durations[id(2)], 20'000'000);
  EXPECT_LE(durations[id(1)], all - waited);
}

TEST_F(worker_engine_waiting_test, too_many_waiting_tasks_are_an_error_and_not_a_deadlock) {
  start({.threads = 1, .waiting_max = 1});
  std::promise<void> released;
  auto future = released.get_future().share();
  auto waits = [future](auto) {
    waiting_scope waiting;
    future.wait();
    return 0;
  };
  tell_each(compute(1, waits), compute(2, waits));
  auto event = next();
  EXPECT_EQ(std::get<task_failed>(event).task, id(2));
  released.set_value();
  finished(1);
}

} // namespace
} // namespace weft::detail
