#include "tests/support/no_more_threads.hpp"
#include "tests/unit/worker_engine_fixture.hpp"

#include <weft/errors.hpp>
#include <weft/stop_token.hpp>
#include <weft/this_task.hpp>

#include <future>
#include <set>

namespace weft::detail {
namespace {

int first_of(std::span<const value_ptr> inputs) {
  return static_cast<const number&>(*inputs[0]).get();
}

TEST_F(worker_engine_test, a_task_runs_and_its_result_is_reported) {
  start();
  tell_each(compute(1, [](auto) { return 42; }));
  EXPECT_EQ(finished(1), 42);
}

TEST_F(worker_engine_test, a_chain_runs_in_order_and_each_link_sees_its_input) {
  start();
  std::vector<worker_event> events;
  events.push_back(compute(1, [](auto) { return 1; }));
  for (int i = 2; i <= 1000; ++i)
    events.push_back(
        compute(i, [](auto inputs) { return first_of(inputs) + 1; }, {{id(i - 1), worker_id{1}}}));
  tell(std::move(events));
  for (int i = 1; i <= 1000; ++i)
    ASSERT_EQ(finished(i), i);
}

TEST_F(worker_engine_test, every_task_of_a_flood_over_several_threads_is_reported_once) {
  start({.threads = 4});
  constexpr int count = 20'000;
  for (int from = 1; from <= count; from += 500) {
    std::vector<worker_event> events;
    for (int i = from; i < from + 500; ++i)
      events.push_back(compute(i, [i](auto) { return i; }));
    tell(std::move(events));
  }
  std::vector<int> seen(count + 1);
  for (int i = 0; i < count; ++i) {
    auto event = next();
    auto& finished = std::get<task_finished>(event);
    EXPECT_EQ(static_cast<const number&>(*finished.value).get(), static_cast<int>(finished.task.sequence()));
    ++seen[finished.task.sequence()];
  }
  for (int i = 1; i <= count; ++i)
    ASSERT_EQ(seen[i], 1) << i;
}

TEST_F(worker_engine_test, an_exception_is_reported_with_key_and_worker) {
  start();
  tell_each(compute(1, [](auto) -> int { throw std::out_of_range("too far"); }));
  auto event = next();
  const auto& failed = std::get<task_failed>(event);
  EXPECT_EQ(failed.failure->type, "std::out_of_range");
  EXPECT_EQ(failed.failure->messages, std::vector<std::string>{"too far"});
  EXPECT_EQ(failed.failure->worker, "alice");
  EXPECT_EQ(failed.failure->key, printable_key(functions, some_function, id(1)));
}

TEST_F(worker_engine_test, a_throw_that_is_no_std_exception_is_reported_too) {
  start();
  tell_each(compute(1, [](auto) -> int { throw 7; }));
  auto event = next();
  EXPECT_EQ(std::get<task_failed>(event).failure->type, "int");
}

TEST_F(worker_engine_test, a_task_knows_its_key_and_its_worker) {
  start();
  std::promise<std::string> said_by_task;
  tell_each(compute(1, [&](auto) {
    said_by_task.set_value(this_task::key() + " on " + this_task::worker_name());
    return 0;
  }));
  EXPECT_EQ(said_by_task.get_future().get(), printable_key(functions, some_function, id(1)) + " on alice");
  finished(1);
}

TEST_F(worker_engine_test, a_task_with_a_key_of_the_users_is_called_by_it_wherever_it_is_named) {
  start();
  std::promise<std::string> said_by_task;
  std::promise<void> released;
  tell_each(task_named{id(1), "chosen"}, compute(1, [&](auto) -> int {
              said_by_task.set_value(this_task::key());
              released.get_future().wait();
              throw std::out_of_range("too far");
            }));
  EXPECT_EQ(said_by_task.get_future().get(), "chosen");
  EXPECT_EQ(engine->stop(0s), std::vector<std::string>{"chosen"});
  released.set_value();
  auto event = next();
  EXPECT_EQ(std::get<task_failed>(event).failure->key, "chosen");
}

TEST_F(worker_engine_test, asking_for_this_task_outside_a_task_is_a_logic_error) {
  EXPECT_THROW(this_task::stop_requested(), std::logic_error);
  EXPECT_THROW(this_task::key(), std::logic_error);
}

TEST_F(worker_engine_test, whose_threads_cannot_be_started_says_so_and_can_be_stopped) {
  const test::no_more_threads scope;
  try {
    start({.threads = 2});
    FAIL() << "it started";
  } catch (const error& why) {
    EXPECT_NE(std::string(why.what()).find("worker alice cannot start a thread: "), std::string::npos)
        << why.what();
  }
}

TEST_F(worker_engine_test, aborting_a_running_task_sets_its_stop_token_and_its_result_is_given_back) {
  start();
  std::promise<void> running;
  tell_each(compute(1, [&](auto) {
    std::promise<void> stopped;
    std::stop_callback callback{this_task::stop_token(), [&] { stopped.set_value(); }};
    running.set_value();
    stopped.get_future().get();
    EXPECT_TRUE(this_task::stop_requested());
    return 1;
  }));
  running.get_future().get();
  tell_each(give_back_task{id(1), run_id{1}, true});
  auto event = next();
  EXPECT_EQ(std::get<task_given_back>(event).task, id(1));
}

TEST_F(worker_engine_test, a_batch_whose_first_task_takes_long_is_split_after_a_while) {
  start({.threads = 2, .batch_time = 1h, .batch_patience = 1ms});
  tell_each(compute(1, [](auto) { return 0; }));
  finished(1);
  std::promise<void> last_ran;
  auto future = last_ran.get_future().share();
  std::vector<worker_event> events;
  events.push_back(compute(2, [](auto) { return 2; }));
  events.push_back(compute(3, [future](auto) { // without saying that it waits
    future.wait();
    return 3;
  }));
  events.push_back(compute(4, [&](auto) {
    last_ran.set_value();
    return 4;
  }));
  tell(std::move(events));
  EXPECT_EQ(finished(2), 2);
  // The third and the fourth end at the same time, on two threads.
  std::set<task_id> rest;
  for (int i = 0; i < 2; ++i) {
    auto event = next();
    rest.insert(std::get<task_finished>(event).task);
  }
  EXPECT_EQ(rest, (std::set{id(3), id(4)}));
}

TEST_F(worker_engine_test, a_report_that_waits_for_company_is_told_although_the_next_task_takes_long) {
  start({.batch_time = 1h, .ring_interval = 1ms});
  for (int i = 1; i <= 3; ++i) { // so that such tasks count as short
    tell_each(compute(i, [](auto) { return 0; }));
    EXPECT_EQ(finished(i), 0);
  }
  std::promise<void> may_end;
  input_locations first_result;
  first_result.push_back({id(4), worker_id{1}});
  const auto wait = [&](auto) { return may_end.get_future().wait(), 5; };
  tell_each(compute(4, [](auto) { return 4; }), compute(5, wait, std::move(first_result)));
  EXPECT_EQ(finished(4), 4);
  may_end.set_value();
  EXPECT_EQ(finished(5), 5);
}

TEST_F(worker_engine_test, a_chain_of_short_tasks_is_reported_in_few_rings) {
  start({.batch_time = 1h, .ring_interval = 1h, .batch_patience = 1h});
  tell_each(compute(1, [](auto) { return 0; }));
  EXPECT_EQ(finished(1), 0);
  const int before = heard->rings();
  constexpr int last = 1000;
  std::vector<worker_event> chain;
  for (int i = 2; i <= last; ++i) {
    input_locations inputs;
    inputs.push_back({id(i - 1), worker_id{1}});
    chain.push_back(compute(i, first_of, std::move(inputs)));
  }
  tell(std::move(chain));
  for (int i = 2; i <= last; ++i)
    EXPECT_EQ(finished(i), 0);
  // One when the chain has ended; one more if its beginning was thought to take long.
  EXPECT_LE(heard->rings() - before, 2);
}

TEST_F(worker_engine_test, an_announced_task_begins_only_after_the_announcement_was_flushed) {
  std::atomic<int> flushed = 0;
  start({.flush_reports = [&] { ++flushed; }});
  tell_each(compute(1, [](auto) { return 0; }));
  finished(1);
  EXPECT_EQ(flushed, 0);
  tell_each(compute(
      2, [&](auto) { return flushed.load(); }, {}, true));
  auto event = next();
  EXPECT_EQ(std::get<task_started>(event).task, id(2));
  EXPECT_EQ(finished(2), 1);
}

TEST_F(worker_engine_test, stopping_names_the_tasks_that_still_run_and_ends_when_they_do) {
  start({.threads = 2});
  std::promise<void> running, released;
  tell_each(compute(1, [&](auto) {
    running.set_value();
    released.get_future().wait();
    return 1;
  }));
  running.get_future().wait();
  EXPECT_EQ(engine->stop(0s), std::vector{printable_key(functions, some_function, id(1))});
  released.set_value();
  EXPECT_TRUE(engine->stop(1min).empty());
  finished(1);
}

TEST_F(worker_engine_test, stopping_asks_running_tasks_to_stop_gives_back_who_heeds_it_and_begins_no_other) {
  start({.threads = 1});
  std::promise<void> running;
  tell_each(compute(1,
                    [&](auto) {
                      running.set_value();
                      while (!this_task::stop_requested())
                        std::this_thread::yield();
                      return 1;
                    }),
            compute(2, [](auto) -> int {
              ADD_FAILURE() << "began after stop";
              return 2;
            }));
  running.get_future().wait();
  EXPECT_TRUE(engine->stop(1min).empty());
  EXPECT_EQ(std::get<task_given_back>(next()).task, id(1));
  tell_each(compute(3, [](auto) -> int {
    ADD_FAILURE() << "ran on a stopped worker";
    return 3;
  }));
}

TEST_F(worker_engine_test, an_input_from_elsewhere_is_asked_for_and_its_arrival_lets_the_task_run) {
  data->on_command = [&](transfer_command& command) {
    const auto& request = std::get<request_value>(command);
    EXPECT_EQ(request.worker, worker_id{2});
    // The answer comes on the asking thread, before perform returns, as it does within one process.
    tell_each(value_arrived{request.worker, request.task, make_intrusive<number>(20)});
  };
  start();
  tell_each(peer_introduced{worker_id{2}, "bob", "127.0.0.1:99"},
            compute(2, [](auto inputs) { return first_of(inputs) + 1; }, {{id(1), worker_id{2}}}));
  auto event = next();
  EXPECT_EQ(std::get<replica_added>(event).task, id(1));
  EXPECT_EQ(finished(2), 21);
  tell_each(peer_lost{worker_id{2}});
  EXPECT_EQ(data->words(), (std::vector<std::string>{"introduce 2 127.0.0.1:99", "forget 2"}));
}

TEST_F(worker_engine_test, it_says_now_and_then_how_it_is) {
  start({.report_interval = 1ms});
  for (;;) {
    heard->wait();
    box->take(said);
    for (const auto& event : said)
      if (const auto* reported = std::get_if<worker_reported>(&event)) {
        EXPECT_EQ(reported->worker, worker_id{1});
        EXPECT_GT(reported->memory, 0u);
        return;
      }
  }
}

TEST_F(worker_engine_test, leave_is_passed_on_to_who_ends_the_worker) {
  std::promise<void> left;
  start({.on_leave = [&] { left.set_value(); }});
  tell_each(leave{});
  left.get_future().get();
}

} // namespace
} // namespace weft::detail
