#include "runtime/services/timer_thread.hpp"

#include <gtest/gtest.h>

#include <future>

namespace weft::detail {
namespace {

using namespace std::chrono_literals;

TEST(timer_thread_test, an_action_runs_when_it_is_due_and_as_often_as_it_asks) {
  timer_thread timers;
  std::promise<void> third;
  int count = 0;
  const instant begun = instant::now();
  auto timer = timers.add(
      [&](instant now) -> std::optional<instant> {
        if (++count < 3) return now + 1ms;
        third.set_value();
        return std::nullopt;
      },
      begun + 1ms);
  third.get_future().get();
  EXPECT_GE(instant::now() - begun, 3ms);
}

TEST(timer_thread_test, an_earlier_wish_overtakes_a_later_one) {
  timer_thread timers;
  std::promise<void> ran;
  auto timer = timers.add(
      [&](instant) -> std::optional<instant> {
        ran.set_value();
        return std::nullopt;
      },
      instant::now() + 1h);
  timer.wake_at(instant::now() + 1ms);
  EXPECT_EQ(ran.get_future().wait_for(1min), std::future_status::ready);
}

TEST(timer_thread_test, a_timer_that_has_ended_does_not_run) {
  timer_thread timers;
  auto ended = timers.add([](instant) -> std::optional<instant> {
    ADD_FAILURE() << "it ran";
    return std::nullopt;
  });
  ended.wake_at(instant::now() + 1h);
  ended.end();
  std::promise<void> ran;
  auto other = timers.add(
      [&](instant) -> std::optional<instant> {
        ran.set_value();
        return std::nullopt;
      },
      instant::now());
  ran.get_future().get();
}

TEST(timer_thread_test, ending_waits_for_a_running_action) {
  timer_thread timers;
  std::promise<void> running, go_on;
  std::atomic<bool> returned = false;
  auto timer = timers.add(
      [&](instant) -> std::optional<instant> {
        running.set_value();
        go_on.get_future().wait();
        returned = true;
        return std::nullopt;
      },
      instant::now());
  running.get_future().wait();
  std::thread helper{[&] { go_on.set_value(); }};
  timer.end();
  EXPECT_TRUE(returned);
  helper.join();
}

TEST(timer_thread_test, an_action_may_end_its_own_timer) {
  timer_thread timers;
  std::promise<void> ended;
  timer_thread::timer timer;
  timer = timers.add([&](instant now) -> std::optional<instant> {
    timer.end();
    ended.set_value();
    return now;
  });
  timer.wake_at(instant::now());
  EXPECT_EQ(ended.get_future().wait_for(1min), std::future_status::ready);
}

} // namespace
} // namespace weft::detail
