// How CAF's threads share the actors: one alone as long as it keeps up, and nothing is left lying.

#include "actors/patient_sharing.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <thread>
#include <vector>

namespace weft::detail {
namespace {

struct settings : caf::actor_system_config {
  settings() {
    load<caf::scheduler::coordinator<patient_sharing>>();
    set("scheduler.max-threads", std::size_t{2});
  }
};

caf::actor spawn(caf::actor_system& system, std::function<void(int)> turn) {
  return system.spawn([turn](caf::event_based_actor*) -> caf::behavior { return {turn}; });
}

} // namespace

TEST(patient_sharing, an_actor_that_is_told_something_runs_beside_one_whose_turn_takes_long) {
  std::promise<void> there;
  std::promise<void> begun;
  std::promise<void> helped;
  settings how;
  caf::actor_system system{how};
  const auto busy = spawn(system, [&](int) {
    begun.set_value();
    helped.get_future().wait();
  });
  // Its own start shall not lie in the queue when the other one's turn begins.
  const auto other = spawn(system, [&](int first) { (first ? there : helped).set_value(); });
  caf::anon_send(other, 1);
  there.get_future().wait();
  caf::anon_send(busy, 1);
  begun.get_future().wait();
  // So long that it counts as busy.
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{1};
  while (std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  caf::anon_send(other, 0);
}

TEST(patient_sharing, what_actors_say_to_each_other_in_turns_all_arrives) {
  constexpr int rounds = 20'000;
  std::promise<int> done;
  settings how;
  caf::actor_system system{how};
  caf::actor there;
  const auto here = spawn(system, [&](int count) {
    if (count < rounds)
      caf::anon_send(there, count + 1);
    else
      done.set_value(count);
  });
  there = spawn(system, [here](int count) { caf::anon_send(here, count + 1); });
  caf::anon_send(here, 0);
  EXPECT_EQ(done.get_future().get(), rounds);
}

TEST(patient_sharing, many_threads_wake_actors_and_each_message_arrives) {
  constexpr int messages = 5'000;
  constexpr int senders = 3;
  std::promise<void> all;
  int heard = 0; // by one actor, which runs on one thread at a time
  settings how;
  caf::actor_system system{how};
  const auto hears = spawn(system, [&](int) {
    if (++heard == messages * senders) all.set_value();
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < senders; ++i)
    threads.emplace_back([hears] {
      for (int count = 0; count < messages; ++count) {
        caf::anon_send(hears, count);
        if (count % 100 == 0) std::this_thread::yield();
      }
    });
  for (auto& each : threads)
    each.join();
  all.get_future().wait();
}

TEST(patient_sharing, systems_end_whatever_their_threads_are_doing) {
  for (int i = 0; i < 50; ++i) {
    settings how;
    caf::actor_system system{how};
    for (int each = 0; each < i % 5; ++each)
      caf::anon_send(spawn(system, [](int) {}), each);
  }
}

} // namespace weft::detail
