// The shells in actors whose turns the test takes itself: CAF's test coordinator runs nothing by its own.

#include "actors/future_holder_shell.hpp"
#include "actors/scheduler_shell.hpp"
#include "actors/worker_shell.hpp"
#include "tests/support/fake_values.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::detail;

namespace {

struct by_hand : caf::actor_system_config {
  by_hand() { set("scheduler.policy", caf::atom("testing")); }
};

// Counts, and is never answered.
struct counting_bell final : bell {
  void ring() override { ++rings; }
  int rings = 0;
};

template <class Event>
struct listener_port {
  std::shared_ptr<counting_bell> bell = std::make_shared<counting_bell>();
  port<Event> to{std::make_shared<outbox<Event>>(), bell};

  std::vector<Event> heard() {
    std::vector<Event> events;
    to.box->take(events);
    return events;
  }
};

template <class Event, class... Events>
void say(const port<Event>& to, Events... events) {
  std::vector<Event> all;
  (all.emplace_back(std::move(events)), ...);
  to.send(all);
}

class shells_test : public testing::Test {
 protected:
  caf::scheduler::test_coordinator& turns() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  template <class Event>
  void end(hosted<Event>& actor) {
    actor.begin_end();
    turns().run();
  }

  by_hand config;
  caf::actor_system system{config};
};

// -- scheduler
// -------------------------------------------------------------------------------------------------

class scheduler_shell_test : public shells_test {
 protected:
  scheduler_shell_test() {
    const module_id module = functions.add_module("this test", true);
    function = functions.add_function("inc", module);
    actor->post([this] {
      shell->add_client(client, clients.to);
      shell->add_worker(worker, workers.to);
    });
    auto attributes = std::make_shared<worker_attributes>();
    attributes->name = "alice";
    attributes->shares_process = true;
    say(from_client, client_joined{client, "test"});
    say(from_worker, worker_joined{worker, attributes});
    turns().run();
    clients.heard();
    workers.heard();
  }
  ~scheduler_shell_test() override { end(*actor); }

  submit_task task(std::uint64_t number) {
    submit_task event;
    event.task = task_id::make(client, number);
    event.function = function;
    event.body = test::make_fake_body(function, number);
    return event;
  }

  const client_id client{1};
  const worker_id worker{1};
  test::function_table functions;
  function_id function;
  std::vector<worker_id> joined;
  std::string ended;
  std::shared_ptr<scheduler_shell> shell = std::make_shared<scheduler_shell>(
      functions, scheduler_settings{},
      scheduler_shell::callbacks{.joined = [this](worker_id id) { joined.push_back(id); },
                                 .ended = [this](const std::string& how) { ended = how; }});
  std::shared_ptr<hosted<scheduler_event>> actor =
      host_shell<scheduler_event>(system, stage::scheduled, shell);
  listener_port<holder_event> clients;
  listener_port<worker_event> workers;
  port<scheduler_event> from_client = actor->make_port();
  port<scheduler_event> from_worker = actor->make_port();
};

TEST_F(scheduler_shell_test, who_started_a_worker_is_told_when_it_has_joined) {
  EXPECT_EQ(joined, std::vector{worker});
}

TEST_F(scheduler_shell_test, a_submitted_task_reaches_the_worker_and_its_result_the_client) {
  say(from_client, task(1));
  turns().run();
  auto orders = workers.heard();
  ASSERT_EQ(orders.size(), 1u);
  const auto& order = std::get<compute_task>(orders[0]);
  EXPECT_EQ(order.task, task_id::make(client, 1));
  say(from_worker, task_finished{worker, order.task, order.run, 1000, 8, test::make_fake(42)});
  turns().run();
  auto heard = clients.heard();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(test::number_in(std::get<result_ready>(heard[0]).value), 42u);
}

TEST_F(scheduler_shell_test, many_events_ring_once_and_lead_to_one_ring_at_the_worker) {
  workers.bell->rings = 0;
  for (std::uint64_t i = 1; i <= 100; ++i)
    say(from_client, task(i));
  EXPECT_TRUE(turns().try_run_once());
  EXPECT_FALSE(turns().try_run_once()) << "a hundred submissions were more than one message";
  EXPECT_EQ(shell->state().task_count(), 100u);
  EXPECT_EQ(workers.bell->rings, 1);
}

TEST_F(scheduler_shell_test, a_flood_is_taken_in_turns_and_what_others_say_comes_between) {
  std::vector<scheduler_event> flood;
  for (std::uint64_t i = 1; i <= 10'000; ++i)
    flood.emplace_back(task(i));
  from_client.send(flood);
  ASSERT_TRUE(turns().try_run_once());
  EXPECT_GT(shell->state().task_count(), 0u);
  EXPECT_LT(shell->state().task_count(), 10'000u) << "a turn took everything";
  bool between = false;
  actor->post([&] { between = shell->state().task_count() < 10'000; });
  turns().run();
  EXPECT_EQ(shell->state().task_count(), 10'000u);
  EXPECT_TRUE(between) << "an errand had to wait for the whole flood";
}

TEST_F(scheduler_shell_test, the_order_of_two_batches_of_one_sender_survives_a_turn_that_ends_between) {
  std::vector<scheduler_event> flood;
  for (std::uint64_t i = 1; i <= 5'000; ++i)
    flood.emplace_back(task(i));
  from_client.send(flood);
  ASSERT_TRUE(turns().try_run_once());
  std::vector<scheduler_event> releases;
  for (std::uint64_t i = 1; i <= 5'000; ++i)
    releases.emplace_back(release_task{task_id::make(client, i)});
  from_client.send(releases);
  turns().run();
  // Only what the worker was given before it was released is still known.
  std::size_t given = 0;
  for (const auto& order : workers.heard())
    given += std::holds_alternative<compute_task>(order);
  EXPECT_LE(shell->state().task_count(), given);
}

TEST_F(scheduler_shell_test, a_chain_is_left_to_its_worker_although_another_is_idle) {
  listener_port<worker_event> others;
  const worker_id other{2};
  actor->post([&] { shell->add_worker(other, others.to); });
  auto attributes = std::make_shared<worker_attributes>();
  attributes->name = "bob";
  attributes->shares_process = true;
  say(from_worker, worker_joined{other, attributes});
  turns().run();
  others.heard();
  workers.heard();
  std::vector<scheduler_event> chain;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    auto link = task(i);
    if (i > 1) link.inputs.push_back(task_id::make(client, i - 1));
    chain.emplace_back(std::move(link));
  }
  from_client.send(chain);
  turns().run();
  auto orders = workers.heard();
  for (auto& order : others.heard())
    orders.push_back(std::move(order));
  EXPECT_FALSE(orders.empty());
  for (const auto& order : orders)
    EXPECT_TRUE(std::holds_alternative<compute_task>(order))
        << "order " << order.index() << " took work back";
}

TEST_F(scheduler_shell_test, a_lost_worker_hears_nothing_more) {
  say(from_worker, worker_lost{worker, "killed by signal 9"});
  turns().run();
  workers.heard();
  say(from_client, task(1));
  turns().run();
  EXPECT_TRUE(workers.heard().empty());
}

TEST_F(scheduler_shell_test, clients_hear_that_the_scheduler_was_stopped) {
  end(*actor);
  auto heard = clients.heard();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(std::get<scheduler_lost>(heard[0]).how, "the scheduler was stopped");
  EXPECT_EQ(ended, "the scheduler was stopped");
}

// -- future holder
// ---------------------------------------------------------------------------------------------

struct recording_sink final : client_sink {
  void deliver(std::vector<holder_event>& events) override {
    sizes.push_back(events.size());
    for (const auto& event : events)
      tasks.push_back(std::get<result_lost>(event).task);
    events.clear();
  }
  std::vector<std::size_t> sizes;
  std::vector<task_id> tasks;
};

class future_holder_shell_test : public shells_test {
 protected:
  future_holder_shell_test() { shell->open(sink); }
  ~future_holder_shell_test() override { end(*actor); }

  void lose(std::uint64_t from, std::uint64_t until) {
    std::vector<holder_event> events;
    for (std::uint64_t i = from; i < until; ++i)
      events.emplace_back(result_lost{task_id{i}});
    to.send(events);
  }

  recording_sink sink;
  std::shared_ptr<future_holder_shell> shell = std::make_shared<future_holder_shell>();
  std::shared_ptr<hosted<holder_event>> actor = host_shell<holder_event>(system, stage::scheduled, shell);
  port<holder_event> to = actor->make_port();
};

TEST_F(future_holder_shell_test, a_flood_is_delivered_in_order_and_in_small_slices) {
  lose(0, 10'000);
  ASSERT_TRUE(turns().try_run_once());
  EXPECT_LT(sink.tasks.size(), 10'000u);
  lose(10'000, 10'010); // comes between
  turns().run();
  ASSERT_EQ(sink.tasks.size(), 10'010u);
  for (std::uint64_t i = 0; i < sink.tasks.size(); ++i)
    ASSERT_EQ(sink.tasks[i], task_id{i});
  EXPECT_LE(*std::max_element(sink.sizes.begin(), sink.sizes.end()), 256u);
}

TEST_F(future_holder_shell_test, after_close_the_sink_is_left_alone) {
  lose(0, 1);
  turns().run();
  shell->close();
  lose(1, 2);
  turns().run();
  EXPECT_EQ(sink.tasks.size(), 1u);
}

// -- what goes wrong
// -------------------------------------------------------------------------------------------

struct throwing_shell final : shell<worker_event> {
  bool hear(const std::shared_ptr<outbox<worker_event>>&) override { throw std::runtime_error("a bug"); }
  bool go_on() override { return false; }
  void end(const std::string& its) override { trouble.push_back(its); }
  std::vector<std::string> trouble;
};

TEST_F(shells_test, an_exception_in_a_shell_ends_its_actor_and_says_why) {
  auto shell = std::make_shared<throwing_shell>();
  auto actor = host_shell<worker_event>(system, stage::scheduled, shell);
  const auto to = actor->make_port();
  testing::internal::CaptureStderr();
  say(to, leave{});
  turns().run();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "weft: an actor ends: a bug\n");
  EXPECT_EQ(shell->trouble, std::vector<std::string>{"a bug"});
  say(to, leave{}); // to nobody
  turns().run();
  EXPECT_EQ(shell->trouble.size(), 1u);
}

} // namespace
