// The client without a connection: the test plays the scheduler. It takes what the client says out of the
// outbox, and delivers what a scheduler would say, from a thread of its own where the client waits.

#include "runtime/services/client_core.hpp"
#include "runtime/services/completion_set.hpp"
#include "runtime/services/thread_role.hpp"
#include "tests/support/fake_values.hpp"
#include "tests/support/standard_error.hpp"

#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace weft::detail {
namespace {

using namespace std::chrono_literals;

class counting_bell final : public bell {
 public:
  void ring() override { ++rings; }
  std::atomic<int> rings{0};
};

class silent_mover final : public data_mover {
 public:
  void introduce(worker_id, const std::string&) override {}
  void forget(worker_id) override {}
  void perform(std::vector<transfer_command>& commands) override { commands.clear(); }
};

class client_core_test : public ::testing::Test {
 protected:
  std::shared_ptr<client_core> make_core(client_core::settings limits = {}) {
    return std::make_shared<client_core>(client_id{1}, port<scheduler_event>{box_, bell_}, mover_, functions_,
                                         limits);
  }

  future_handle submit(client_core& core, const task_options& options = {}) {
    const input_list no_inputs{core};
    return submit_body(core, test::make_fake_body(inc_), no_inputs, options);
  }

  std::vector<scheduler_event> said() {
    std::vector<scheduler_event> events;
    box_->take(events);
    return events;
  }

  static void finish(client_core& core, task_id task, std::uint64_t number) {
    std::vector<holder_event> events;
    events.emplace_back(result_ready{.task = task,
                                     .run = run_id{1},
                                     .worker = worker_id{1},
                                     .nbytes = 8,
                                     .value = test::make_fake(number)});
    core.deliver(events);
  }

  static void introduce_worker(client_core& core, worker_id worker = {1}) {
    std::vector<holder_event> events;
    events.emplace_back(
        worker_introduced{.worker = worker, .attributes = std::make_shared<worker_attributes>()});
    core.deliver(events);
  }

  static void fail(client_core& core, task_id task) {
    std::vector<holder_event> events;
    events.emplace_back(result_failed{
        .task = task, .failure = failure::make(failure_kind::worker_killed, "killed by signal 9")});
    core.deliver(events);
  }

  test::function_table functions_;
  function_id inc_ = functions_.add_function("inc", functions_.add_module("program", true));
  std::shared_ptr<outbox<scheduler_event>> box_ = std::make_shared<outbox<scheduler_event>>();
  std::shared_ptr<counting_bell> bell_ = std::make_shared<counting_bell>();
  silent_mover mover_;
  std::shared_ptr<client_core> core_ = make_core();
};

TEST_F(client_core_test, a_burst_of_submissions_rings_once) {
  std::vector<future_handle> futures;
  for (int i = 0; i < 100; ++i)
    futures.push_back(submit(*core_));
  EXPECT_EQ(bell_->rings, 1);
  EXPECT_EQ(said().size(), 100u);
}

TEST_F(client_core_test, who_waits_for_a_value_wakes_when_it_comes) {
  const future_handle future = submit(*core_);
  auto waiting = std::async(std::launch::async,
                            [&] { return test::number_in(value_ptr::share(&future.wait_value(never))); });
  finish(*core_, future.task(), 42);
  EXPECT_EQ(waiting.get(), 42u);
  EXPECT_EQ(future.status(), future_status::finished);
}

TEST_F(client_core_test, who_has_a_result_is_not_known_of_a_scheduler_that_does_not_answer) {
  const future_handle future = submit(*core_);
  EXPECT_THROW(core_->describe_holders(future.task(), instant::now()), timeout_error);
  core_->close("client closed");
  EXPECT_TRUE(core_->describe_holders(future.task(), instant::now()).workers.empty());
}

TEST_F(client_core_test, many_threads_wait_for_many_values) {
  constexpr std::size_t count = 2000;
  std::vector<future_handle> futures;
  for (std::size_t i = 0; i < count; ++i)
    futures.push_back(submit(*core_));
  std::vector<std::future<void>> waiting;
  for (int thread = 0; thread < 4; ++thread)
    waiting.push_back(std::async(std::launch::async, [&] {
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(test::number_in(value_ptr::share(&futures[i].wait_value(never))), i);
    }));
  for (std::size_t i = 0; i < count; ++i)
    finish(*core_, futures[i].task(), i);
  for (auto& each : waiting)
    each.get();
}

TEST_F(client_core_test, a_failure_is_thrown_where_the_value_is_asked_for) {
  const future_handle future = submit(*core_);
  fail(*core_, future.task());
  EXPECT_TRUE(future.wait_done(never));
  EXPECT_THROW(future.wait_value(never), worker_killed);
  EXPECT_TRUE(future.wait_exception(never));
}

TEST_F(client_core_test, a_value_that_cannot_come_is_an_error_for_who_asks_for_it_only) {
  introduce_worker(*core_);
  future_handle future = submit(*core_);
  const auto hear = [&](holder_event event) {
    std::vector<holder_event> events;
    events.push_back(std::move(event));
    core_->deliver(events);
  };
  const auto is_ready = [&](std::uint32_t run) {
    hear(result_ready{
        .task = future.task(), .run = {run}, .worker = worker_id{1}, .nbytes = 8, .value = nullptr});
  };
  is_ready(1);
  auto waiting =
      std::async(std::launch::async, [&] { EXPECT_THROW(future.wait_value(never), cannot_travel); });
  EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
  hear(fetch_refused{worker_id{1}, future.task(), failure::make(failure_kind::cannot_travel, "a pointer")});
  waiting.get();
  EXPECT_THROW(future.take_value(), cannot_travel);
  EXPECT_EQ(future.status(), future_status::finished);
  EXPECT_EQ(future.wait_exception(never), nullptr);
  completion_set completed{true};
  completed.add(future);
  EXPECT_TRUE(completed.next(never) == future);

  hear(result_lost{future.task()});
  EXPECT_EQ(future.status(), future_status::lost);
  is_ready(2);
  hear(value_fetched{worker_id{1}, future.task(), test::make_fake(7)});
  EXPECT_EQ(test::number_in(value_ptr::share(&future.wait_value(never))), 7u);
}

TEST_F(client_core_test, a_timeout_says_what_for_and_why) {
  const future_handle future = submit(*core_);
  auto waiting = std::async(std::launch::async, [&] { future.wait_value(deadline_after(1ms)); });
  std::atomic<bool> over{false};
  std::thread scheduler([&] {
    while (!over)
      for (const auto& event : said())
        if (const auto* question = std::get_if<explain_task>(&event)) {
          std::vector<holder_event> answer;
          answer.emplace_back(
              task_explained{.question = question->question, .sentence = "no worker may run it"});
          core_->deliver(answer);
        }
  });
  try {
    waiting.get();
    ADD_FAILURE() << "did not throw";
  } catch (const timeout_error& error) {
    EXPECT_NE(std::string(error.what()).find(future.key()), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("s: no worker may run it"), std::string::npos) << error.what();
  }
  over = true;
  scheduler.join();
}

TEST_F(client_core_test, the_last_of_several_handles_releases_the_task) {
  future_handle one = submit(*core_);
  const task_id task = one.task();
  future_handle two = one;
  said();
  one = {};
  EXPECT_TRUE(said().empty());
  two = {};
  const auto events = said();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<release_task>(events[0]).task, task);
}

TEST_F(client_core_test, closing_wakes_who_waits_with_cancelled_error) {
  const future_handle future = submit(*core_);
  auto waiting = std::async(std::launch::async, [&] { future.wait_value(never); });
  core_->close("client closed");
  try {
    waiting.get();
    ADD_FAILURE() << "did not throw";
  } catch (const cancelled_error& error) {
    EXPECT_STREQ(error.what(), "client closed");
  }
}

TEST_F(client_core_test, handles_that_outlive_the_client_can_be_copied_printed_and_dropped) {
  const future_handle finished = submit(*core_);
  future_handle pending = submit(*core_);
  finish(*core_, finished.task(), 7);
  core_->close("client closed");
  const std::weak_ptr<client_core> watched = core_;
  core_.reset();
  ASSERT_FALSE(watched.expired());
  {
    future_handle copy = finished;
    EXPECT_EQ(test::number_in(value_ptr::share(&copy.wait_value(never))), 7u);
    EXPECT_EQ(pending.status(), future_status::cancelled);
    EXPECT_FALSE(pending.key().empty());
  }
  pending = {};
  EXPECT_FALSE(watched.expired());
  const_cast<future_handle&>(finished) = {};
  EXPECT_TRUE(watched.expired());
}

TEST_F(client_core_test, nothing_is_submitted_after_close) {
  core_->close("client closed");
  EXPECT_THROW(submit(*core_), cancelled_error);
}

TEST_F(client_core_test, a_key_in_use_is_refused) {
  const future_handle future = submit(*core_, {.key = "totals"});
  EXPECT_EQ(future.key(), "totals");
  EXPECT_THROW(submit(*core_, {.key = "totals"}), key_conflict);
}

TEST_F(client_core_test, submit_blocks_while_too_much_is_pending) {
  const auto core = make_core({.max_pending = 2, .max_pending_bytes = 1 << 20});
  const future_handle one = submit(*core);
  const future_handle two = submit(*core);
  auto third = std::async(std::launch::async, [&] { return submit(*core); });
  EXPECT_EQ(third.wait_for(20ms), std::future_status::timeout);
  finish(*core, one.task(), 1);
  EXPECT_TRUE(third.get().valid());
  core->close("over");
}

TEST_F(client_core_test, submit_that_is_held_back_for_long_says_by_what) {
  const auto core = make_core({.max_pending = 3});
  std::vector<future_handle> futures;
  for (int i = 0; i < 3; ++i)
    futures.push_back(submit(*core));
  test::standard_error errors;
  auto held_back = std::async(std::launch::async, [&] { return submit(*core); });
  EXPECT_TRUE(errors.wait_for("weft: submit waits for room: 3 tasks are pending, as many as .max_pending "
                              "allows; no workers are connected\n"))
      << errors.seen();
  finish(*core, futures.front().task(), 1);
  EXPECT_TRUE(held_back.get().valid());
  core->close("over");
}

TEST_F(client_core_test, submit_that_is_held_back_by_large_arguments_says_so) {
  const auto core = make_core({.max_pending_bytes = 1});
  const future_handle first = submit(*core); // one always finds room
  introduce_worker(*core);
  test::standard_error errors;
  auto held_back = std::async(std::launch::async, [&] { return submit(*core); });
  EXPECT_TRUE(errors.wait_for(" bytes, as many as .max_pending_bytes allows; 1 worker is connected\n"))
      << errors.seen();
  core->close("over");
  EXPECT_THROW(held_back.get(), cancelled_error);
}

TEST_F(client_core_test, waiting_long_for_workers_says_how_many_there_are) {
  introduce_worker(*core_);
  test::standard_error errors;
  auto waiting = std::async(std::launch::async, [&] { return core_->wait_for_workers(2, never); });
  EXPECT_TRUE(errors.wait_for("weft: waiting for 2 workers: 1 worker is connected\n")) << errors.seen();
  introduce_worker(*core_, worker_id{2});
  EXPECT_TRUE(waiting.get());
}

TEST_F(client_core_test, a_thread_that_must_not_wait_is_told_so) {
  const future_handle future = submit(*core_);
  std::thread([&] {
    this_thread_role().must_not_wait = "a callback";
    EXPECT_THROW(future.wait_value(never), std::logic_error);
    finish(*core_, future.task(), 1);
    EXPECT_NO_THROW(future.wait_value(never));
  }).join();
}

TEST_F(client_core_test, a_future_of_another_client_is_no_input) {
  const auto other = make_core();
  const future_handle foreign = submit(*other);
  input_list inputs{*core_};
  EXPECT_THROW(inputs.add(foreign), std::invalid_argument);
  EXPECT_THROW(inputs.add(future_handle{}), std::invalid_argument);
}

TEST_F(client_core_test, an_input_named_twice_is_one_input) {
  std::vector<future_handle> futures;
  for (int i = 0; i < 40; ++i)
    futures.push_back(submit(*core_));
  input_list inputs{*core_};
  for (int round = 0; round < 2; ++round)
    for (std::uint32_t i = 0; i < futures.size(); ++i)
      EXPECT_EQ(inputs.add(futures[i]), i);
  EXPECT_EQ(inputs.tasks().size(), futures.size());
}

TEST_F(client_core_test, completed_futures_come_out_in_the_order_of_completion_failed_ones_too) {
  const future_handle one = submit(*core_);
  const future_handle two = submit(*core_);
  completion_set completions{false};
  completions.add(one);
  completions.add(two);
  EXPECT_FALSE(completions.has_ready());
  fail(*core_, two.task());
  EXPECT_TRUE(completions.next(never) == two);
  finish(*core_, one.task(), 1);
  EXPECT_TRUE(completions.next(never) == one);
  EXPECT_EQ(completions.count(), 0u);
  EXPECT_THROW(completions.next(never), std::out_of_range);
}

TEST_F(client_core_test, a_handle_added_twice_comes_out_twice_and_a_drained_set_goes_on) {
  const future_handle future = submit(*core_);
  completion_set completions{false};
  completions.add(future);
  completions.add(future);
  EXPECT_EQ(completions.count(), 2u);
  finish(*core_, future.task(), 1);
  EXPECT_EQ(completions.count(), 2u);
  EXPECT_EQ(completions.next_batch(never).size(), 2u);
  EXPECT_EQ(completions.count(), 0u);
  completions.add(future);
  EXPECT_EQ(completions.count(), 1u);
  EXPECT_TRUE(completions.next(never) == future);
}

TEST_F(client_core_test, a_future_of_no_task_cannot_be_waited_for_whoever_waits) {
  completion_set completions{false};
  try {
    completions.add({});
    ADD_FAILURE() << "was taken";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "weft: a future that refers to no task cannot be waited for");
  }
}

TEST_F(client_core_test, what_a_set_has_left_is_counted_through_cancelling_and_clearing) {
  const future_handle one = submit(*core_);
  const future_handle two = submit(*core_);
  completion_set completions{false};
  for (const future_handle& each : {one, one, two, two, two})
    completions.add(each);
  EXPECT_EQ(completions.count(), 5u);
  one.cancel("not wanted");
  EXPECT_EQ(completions.count(), 5u);
  EXPECT_TRUE(completions.next(never) == one);
  EXPECT_EQ(completions.count(), 4u);
  completions.clear();
  EXPECT_EQ(completions.count(), 0u);
  completions.add(two);
  EXPECT_EQ(completions.count(), 1u);
}

TEST_F(client_core_test, a_completion_that_does_not_come_in_time_is_a_timeout) {
  const future_handle future = submit(*core_);
  completion_set completions{false};
  completions.add(future);
  EXPECT_FALSE(completions.wait_until_ready(deadline_after(1ms)));
  core_->close("over"); // so that nobody is asked why
  EXPECT_TRUE(completions.next(never).done());
}

TEST_F(client_core_test, clearing_a_set_forgets_its_futures) {
  const future_handle future = submit(*core_);
  completion_set completions{false};
  completions.add(future);
  completions.clear();
  finish(*core_, future.task(), 1);
  EXPECT_EQ(completions.count(), 0u);
  EXPECT_FALSE(completions.has_ready());
}

TEST_F(client_core_test, waiting_for_the_first_says_which_is_done) {
  const future_handle one = submit(*core_);
  const future_handle two = submit(*core_);
  finish(*core_, two.task(), 1);
  const std::vector<const future_handle*> both{&one, &two};
  EXPECT_EQ(wait_for_futures(both, wait_until::first, never), (std::vector<bool>{false, true}));
  EXPECT_THROW(wait_for_futures({}, wait_until::first, never), std::invalid_argument);
  EXPECT_TRUE(wait_for_futures({}, wait_until::all, never).empty());
}

TEST_F(client_core_test, waiting_for_the_first_exception_ends_with_it_or_when_all_are_done) {
  const future_handle one = submit(*core_);
  const future_handle two = submit(*core_);
  const std::vector<const future_handle*> both{&one, &two};
  finish(*core_, one.task(), 1);
  auto waiting = std::async(std::launch::async,
                            [&] { return wait_for_futures(both, wait_until::first_exception, never); });
  EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
  fail(*core_, two.task());
  EXPECT_EQ(waiting.get(), (std::vector<bool>{true, true}));
}

TEST_F(client_core_test, waiting_for_workers_ends_when_they_have_been_introduced) {
  auto waiting = std::async(std::launch::async, [&] { return core_->wait_for_workers(1, never); });
  introduce_worker(*core_);
  EXPECT_TRUE(waiting.get());
  EXPECT_FALSE(core_->wait_for_workers(2, deadline_after(1ms)));
}

} // namespace
} // namespace weft::detail
