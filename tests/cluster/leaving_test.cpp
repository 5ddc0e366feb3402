// Workers that are stopped while their tasks run: by whom, and what becomes of the results.

#include "tests/cluster/child_process.hpp"
#include "tests/cluster/cluster_modes.hpp"

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace weft {
namespace {

using namespace std::chrono_literals;

/// Makes the file when it begins, and goes on until there is the other, whatever is asked of it.
int wait_for_file(const std::string& begun, const std::string& end) {
  std::ofstream(begun).put('\n');
  while (!std::filesystem::exists(end))
    std::this_thread::yield();
  return 7;
}

/// The first time, which makes the file, it goes on until it is told to stop.
int stopped_the_first_time(const std::string& begun, bool throws) {
  if (std::filesystem::exists(begun)) return 7;
  std::ofstream(begun).put('\n');
  while (!this_task::stop_requested())
    std::this_thread::yield();
  if (throws) throw std::runtime_error("stopped");
  return -1;
}

class leaving : public test::both_modes {
 protected:
  void wait_for(const std::string& file) const {
    while (!std::filesystem::exists(file))
      std::this_thread::yield();
  }

  const test::temporary_folder folder_;
  const std::string begun_ = folder_.file("begun");
};
WEFT_IN_BOTH_MODES(leaving);

TEST_P(leaving, a_result_that_comes_after_the_shutdown_timeout_is_handed_over) {
  local_cluster cluster{
      {.workers = 2, .threads_per_worker = 1, .processes = processes(), .shutdown_timeout = 1s}};
  client client{cluster};
  auto late = client.submit({.workers = {"worker-1"}}, wait_for_file, begun_, folder_.file("end"));
  wait_for(begun_);
  auto leaves = std::async(std::launch::async, [&] { cluster.stop_worker("worker-1"); });
  EXPECT_EQ(leaves.wait_for(1100ms), std::future_status::timeout);
  std::ofstream(folder_.file("end")).put('\n');
  leaves.get();
  EXPECT_EQ(late.result(60s), 7) << "there is no worker-1 that could run it again";
}

TEST_P(leaving, what_a_task_says_when_it_is_told_to_stop_is_not_its_result_and_it_runs_again_elsewhere) {
  for (const bool throws : {false, true}) {
    std::filesystem::remove(begun_);
    local_cluster cluster{
        {.workers = 2, .threads_per_worker = 1, .processes = processes(), .shutdown_timeout = 100ms}};
    client client{cluster};
    auto result = client.submit({.workers = {"worker-1"}, .allow_other_workers = true},
                                stopped_the_first_time, begun_, throws);
    wait_for(begun_);
    cluster.stop_worker("worker-1");
    EXPECT_EQ(result.result(60s), 7);
  }
}

TEST(leaving_in_process, a_second_close_waits_for_tasks_as_the_first_does) {
  local_cluster cluster{{.workers = 1, .threads_per_worker = 1}};
  client client{cluster};
  std::promise<void> begun;
  std::promise<void> may_end;
  std::atomic<bool> ended = false;
  const auto task = client.submit([&] {
    begun.set_value();
    may_end.get_future().wait();
    ended = true;
  });
  begun.get_future().wait();
  auto first = std::async(std::launch::async, [&] { cluster.close(); });
  while (!cluster.worker_names().empty())
    std::this_thread::yield();
  auto second = std::async(std::launch::async, [&] {
    cluster.close();
    return ended.load();
  });
  EXPECT_EQ(second.wait_for(20ms), std::future_status::timeout);
  may_end.set_value();
  EXPECT_TRUE(second.get());
}

TEST(leaving_in_process,
     a_task_that_waits_for_another_one_when_the_cluster_closes_hears_that_it_will_not_run) {
  local_cluster cluster{{.workers = 2, .threads_per_worker = 1, .shutdown_timeout = 50ms}};
  client client{cluster};
  std::promise<std::string> heard;
  std::promise<void> begun;
  const auto waiting = client.submit([&] {
    const auto never = client.submit({.workers = {"nobody"}}, [] {});
    begun.set_value();
    try {
      never.result();
    } catch (const cancelled_error& error) {
      heard.set_value(error.what());
    }
  });
  begun.get_future().wait();
  cluster.close();
  EXPECT_EQ(heard.get_future().get(), "the scheduler is gone: the scheduler was stopped");
}

TEST(leaving_in_process, a_task_that_ends_its_own_worker_is_told_that_it_cannot) {
  local_cluster cluster{{.workers = 2, .threads_per_worker = 1}};
  client client{cluster};
  const auto refusal = [&](auto action) {
    return client
        .submit({.workers = {"worker-1"}},
                [&]() -> std::string {
                  try {
                    action();
                  } catch (const std::logic_error& error) {
                    return error.what();
                  }
                  return "done";
                })
        .result();
  };
  const std::string sentence = "weft: a task cannot end the worker that it runs on, which is worker-1";
  EXPECT_EQ(refusal([&] { cluster.stop_worker("worker-1"); }), sentence);
  EXPECT_EQ(refusal([&] { cluster.scale(1); }), sentence);
  EXPECT_EQ(refusal([&] { cluster.close(); }), sentence);
  EXPECT_EQ(refusal([&] { cluster.stop_worker("worker-0"); }), "done");
  EXPECT_EQ(cluster.worker_names(), (std::vector<std::string>{"worker-1"}));
}

} // namespace
} // namespace weft
