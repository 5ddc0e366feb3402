// Worker processes that die, stall, come and go while work runs.

#include "tests/cluster/child_process.hpp"
#include "tests/support/no_more_threads.hpp"

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <memory>
#include <numeric>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace weft {
namespace {

using namespace std::chrono_literals;

/// Some work: about a millisecond, so that there is a middle of the run.
int slow_inc(int x) {
  volatile double burned = 0;
  for (int i = 0; i < 300'000; ++i)
    burned = burned + i;
  return x + 1;
}

int add(int x, int y) {
  return x + y;
}
int kill_own_process(int) {
  std::raise(SIGKILL);
  return 0;
}
/// Leaves a process behind that holds all that its parent has open, and returns which.
pid_t leave_a_child_behind() {
  const pid_t child = fork();
  if (child != 0) return child;
  alarm(60); // it ends even if the test does not get to it
  for (;;)
    pause();
}
std::shared_ptr<int> make_shared_number() {
  return std::make_shared<int>(1);
}
int pointed_to(const std::shared_ptr<int>& number, int more) {
  return *number + more;
}
std::vector<double> make_large(std::size_t count) {
  return std::vector<double>(count, 0.25);
}

pid_t process_of(const client& client, const std::string& name) {
  for (const auto& worker : client.workers())
    if (worker.name == name) return static_cast<pid_t>(worker.pid);
  throw std::runtime_error("no worker " + name);
}

/// A tree of additions over slow tasks: results that others need are spread over the workers.
future<int> begin_sum(client& client, int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  auto level = client.map(slow_inc, numbers);
  while (level.size() > 1) {
    std::vector<future<int>> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2)
      next.push_back(client.submit(add, level[i], level[i + 1]));
    if (level.size() % 2 == 1) next.push_back(level.back());
    level = std::move(next);
  }
  return level.front();
}

class processes : public ::testing::Test {
 protected:
  local_cluster cluster_{{.workers = 3, .threads_per_worker = 1, .processes = true}};
  client client_{cluster_};
  static std::string program() {
    return std::filesystem::path(test::own_program()).parent_path() / "user_program";
  }
};

TEST_F(processes, a_worker_killed_in_mid_run_costs_only_time) {
  auto first = client_.submit(slow_inc, 1);
  auto total = begin_sum(client_, 600);
  first.wait();
  kill(process_of(client_, "worker-1"), SIGKILL);
  EXPECT_EQ(total.result(), 600 * 601 / 2);
  EXPECT_EQ(cluster_.worker_names().size(), 2u);
}

TEST_F(processes, a_signal_that_ends_all_of_a_process_group_is_left_to_the_program) {
  for (const auto& worker : client_.workers())
    for (const int signal : {SIGTERM, SIGINT})
      kill(static_cast<pid_t>(worker.pid), signal);
  EXPECT_EQ(begin_sum(client_, 30).result(), 30 * 31 / 2);
  EXPECT_EQ(client_.workers().size(), 3u);
}

TEST_F(processes, results_that_only_a_killed_worker_had_are_computed_again) {
  auto large = client_.submit({.workers = {"worker-2"}, .allow_other_workers = true}, make_large,
                              std::size_t{100'000});
  large.wait();
  const auto holders = large.who_has();
  ASSERT_EQ(holders.size(), 1u);
  kill(process_of(client_, holders.front()), SIGKILL);
  EXPECT_EQ(large.result().size(), 100'000u);
}

TEST_F(processes, a_worker_that_stalls_and_goes_on_costs_only_time) {
  const pid_t stalled = process_of(client_, "worker-0");
  kill(stalled, SIGSTOP);
  auto total = begin_sum(client_, 100);
  auto elsewhere = client_.submit({.workers = {"worker-1"}}, slow_inc, 1);
  EXPECT_EQ(elsewhere.result(), 2);
  kill(stalled, SIGCONT);
  EXPECT_EQ(total.result(), 100 * 101 / 2);
}

TEST_F(processes, a_task_that_kills_every_worker_it_runs_on_fails_with_how_they_died) {
  cluster_.scale(7);
  auto deadly = client_.submit(kill_own_process, 1);
  try {
    deadly.result();
    ADD_FAILURE() << "did not throw";
  } catch (const worker_killed& error) {
    EXPECT_NE(std::string(error.what()).find("signal 9"), std::string::npos) << error.what();
  }
  EXPECT_EQ(client_.workers().size(), 3u); // it took four, one more than is allowed
  EXPECT_EQ(client_.submit(add, 1, 2).result(), 3);
}

/// As long as it lives, the system reaps this process's children.
class children_reaped {
 public:
  children_reaped() {
    struct sigaction ignored {};
    ignored.sa_handler = SIG_IGN;
    sigaction(SIGCHLD, &ignored, &before_);
  }
  ~children_reaped() { sigaction(SIGCHLD, &before_, nullptr); }
  children_reaped(const children_reaped&) = delete;
  children_reaped& operator=(const children_reaped&) = delete;

 private:
  struct sigaction before_ {};
};

TEST_F(processes, that_somebody_else_reaps_have_ended_and_it_is_not_known_how) {
  const children_reaped scope;
  cluster_.scale(4);
  auto deadly = client_.submit(kill_own_process, 1);
  try {
    deadly.result();
    ADD_FAILURE() << "did not throw";
  } catch (const worker_killed& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find(": it is not known how, "), std::string::npos) << what;
    EXPECT_EQ(what.find("signal"), std::string::npos) << what;
  }
  EXPECT_TRUE(cluster_.worker_names().empty());
}

TEST_F(processes, workers_that_a_task_kills_as_they_come_have_been_started_all_the_same) {
  cluster_.scale(0);
  auto deadly = client_.submit(kill_own_process, 1);
  for (int deaths = 0; deaths < 4; ++deaths) {
    cluster_.start_worker();
    while (!cluster_.worker_names().empty())
      std::this_thread::yield();
  }
  EXPECT_THROW(deadly.result(), worker_killed);
}

TEST_F(processes, a_child_that_a_task_left_behind_does_not_hold_up_the_workers_end) {
  const pid_t child = client_.submit({.workers = {"worker-1"}}, leave_a_child_behind).result();
  const pid_t other = client_.submit({.workers = {"worker-2"}}, leave_a_child_behind).result();
  cluster_.stop_worker("worker-1");
  EXPECT_EQ(kill(child, 0), 0) << "it is not the cluster's";
  kill(process_of(client_, "worker-2"), SIGKILL);
  while (cluster_.worker_names().size() != 1)
    std::this_thread::yield();
  EXPECT_EQ(client_.submit(add, 1, 2).result(), 3);
  EXPECT_EQ(kill(other, 0), 0);
  kill(child, SIGKILL);
  kill(other, SIGKILL);
}

TEST(clusters, say_when_a_worker_cannot_start_its_threads_and_go_on) {
  local_cluster cluster{{.workers = 1, .threads_per_worker = 1}};
  client client{cluster};
  EXPECT_EQ(client.submit(add, 1, 2).result(), 3);
  {
    const test::no_more_threads scope;
    EXPECT_THROW(cluster.start_worker({.name = "bob", .threads = 2}), error);
  }
  EXPECT_EQ(cluster.worker_names(), (std::vector<std::string>{"worker-0"}));
  cluster.start_worker({.name = "bob", .threads = 2});
  EXPECT_EQ(client.submit({.workers = {"bob"}}, add, 1, 2).result(), 3);
}

TEST(clusters, of_more_workers_than_there_can_be_are_refused) {
  EXPECT_THROW(local_cluster({.workers = static_cast<std::size_t>(-1)}), std::invalid_argument);
  local_cluster cluster{{.workers = 1}};
  EXPECT_THROW(cluster.scale(static_cast<std::size_t>(-1)), std::invalid_argument);
  EXPECT_EQ(cluster.worker_names().size(), 1u);
}

TEST_F(processes, that_may_open_no_more_files_say_that_a_worker_wants_some_and_go_on) {
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
  const auto allow = [&](rlim_t files) {
    const rlimit limit{.rlim_cur = files, .rlim_max = usual.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &limit);
  };
  // None at all; then those below 10, which are not enough either.
  for (const rlim_t files : {0, 9}) {
    ASSERT_EQ(allow(files), 0);
    try {
      cluster_.start_worker({.name = "bob"});
      ADD_FAILURE() << "started with " << files << " files";
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::too_many_files_open);
      EXPECT_NE(std::string(error.what()).find("weft: cannot open a socket or pipe to a worker process"),
                std::string::npos)
          << error.what();
    }
    ASSERT_EQ(allow(usual.rlim_cur), 0);
  }
  cluster_.start_worker({.name = "bob"});
  EXPECT_EQ(client_.submit({.workers = {"bob"}}, add, 1, 2).result(), 3);
}

TEST_F(processes, that_work_do_not_read_what_is_typed_for_the_program) {
  int typed[2];
  ASSERT_EQ(pipe(typed), 0);
  const int before = dup(STDIN_FILENO);
  dup2(typed[0], STDIN_FILENO);
  cluster_.start_worker({.name = "bob"});
  dup2(before, STDIN_FILENO);
  for (const int descriptor : {typed[0], typed[1], before})
    close(descriptor);
  const auto standard_input = [] { return std::filesystem::read_symlink("/proc/self/fd/0").string(); };
  EXPECT_EQ(client_.submit({.workers = {"bob"}}, standard_input).result(), "/dev/null");
}

TEST_F(processes, hold_nothing_open_that_the_program_has) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  // Far above what a worker process has of its own.
  const int writes = fcntl(ends[1], F_DUPFD, 100);
  ASSERT_GE(writes, 100);
  close(ends[1]);
  cluster_.start_worker({.name = "bob"});
  close(writes);
  EXPECT_EQ(client_.submit({.workers = {"bob"}}, add, 1, 2).result(), 3);
  pollfd ended{.fd = ends[0], .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ended, 1, 5'000), 1) << "somebody else could still write to the pipe";
  close(ends[0]);
}

TEST_F(processes, a_worker_that_has_just_died_is_replaced_by_scale) {
  for (int i = 0; i < 5; ++i) {
    const std::string victim = cluster_.worker_names().front();
    const pid_t process = process_of(client_, victim);
    kill(process, SIGKILL);
    // Until it is dead; the cluster may have noticed, and reaped it, before.
    siginfo_t ended{};
    while (waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    cluster_.scale(3);
    const auto names = cluster_.worker_names();
    EXPECT_EQ(names.size(), 3u);
    EXPECT_EQ(std::count(names.begin(), names.end(), victim), 0);
  }
}

TEST_F(processes, a_result_that_cannot_travel_is_an_error_only_where_it_is_asked_for) {
  const task_options there{.workers = {cluster_.worker_names().front()}};
  auto number = client_.submit(there, make_shared_number);
  auto late = client_.scatter(1, {.workers = {"bob"}});
  auto pending = client_.submit(there, pointed_to, number, late);
  EXPECT_THROW(number.result(), cannot_travel);
  EXPECT_THROW(number.result(5s), cannot_travel);
  EXPECT_THROW(number.take(), cannot_travel);
  EXPECT_THROW(client_.gather({number}), cannot_travel);
  EXPECT_EQ(number.status(), future_status::finished);
  EXPECT_EQ(number.exception(), nullptr);
  as_completed completed({number}, {.with_results = true});
  EXPECT_THROW(completed.next().result(), cannot_travel);
  EXPECT_EQ(client_.submit(there, pointed_to, number, 2).result(), 3);
  cluster_.start_worker({.name = "bob"});
  EXPECT_EQ(pending.result(), 2);
}

TEST_F(processes, a_function_that_stays_in_its_process_is_refused_elsewhere) {
  int captured = 1;
  auto local = client_.submit(in_process([&captured] { return captured; }));
  auto dependent = client_.submit(add, local, 1);
  EXPECT_THROW(local.result(), cannot_travel);
  EXPECT_THROW(dependent.result(), cannot_travel);
}

/// Has members that no codec sees.
class opaque {
 public:
  explicit opaque(int value) : value_(new int(value)) {}
  opaque(const opaque& other) : opaque(*other.value_) {}
  ~opaque() { delete value_; }
  int value() const { return *value_; }

 private:
  int* value_;
};

TEST_F(processes, a_scattered_datum_that_cannot_travel_fails_and_what_needs_it_too) {
  auto datum = client_.scatter(opaque(4));
  auto dependent = client_.submit([](const opaque& its) { return its.value(); }, datum);
  EXPECT_THROW(datum.result(), cannot_travel);
  EXPECT_THROW(dependent.result(), cannot_travel);
}

TEST_F(processes, a_datum_for_a_worker_that_is_not_there_says_which_it_waits_for) {
  auto datum = client_.scatter(5, {.workers = {"nobody"}});
  try {
    datum.result(10ms);
    ADD_FAILURE() << "did not throw";
  } catch (const timeout_error& error) {
    EXPECT_NE(std::string(error.what()).find("none of the workers asked for is connected: nobody"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(processes, large_values_move_while_small_tasks_go_on) {
  constexpr std::size_t count = 25'000'000; // 200 MB
  auto large = client_.submit({.workers = {"worker-0"}}, make_large, count);
  large.wait();
  auto moving = client_.submit(
      {.workers = {"worker-1"}}, [](const std::vector<double>& values) { return values.size(); }, large);
  auto fetched = std::async(std::launch::async, [&] { return large.result().size(); });
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(client_.submit({.workers = {"worker-2"}}, add, i, 1).result(), i + 1);
  EXPECT_EQ(moving.result(), count);
  EXPECT_EQ(fetched.get(), count);
}

TEST_F(processes, workers_come_and_go_while_work_runs) {
  auto total = begin_sum(client_, 400);
  EXPECT_EQ(cluster_.start_worker({.name = "alice", .threads = 2}), "alice");
  EXPECT_THROW(cluster_.start_worker({.name = "alice"}), connection_error);
  cluster_.stop_worker("worker-0");
  EXPECT_THROW(cluster_.stop_worker("worker-0"), std::invalid_argument);
  cluster_.scale(1);
  cluster_.scale(3);
  EXPECT_EQ(cluster_.worker_names().size(), 3u);
  EXPECT_EQ(total.result(), 400 * 401 / 2);
}

TEST_F(processes, a_stopped_worker_hands_over_what_it_holds) {
  auto block = client_.scatter(std::vector<int>(10'000, 7), {.workers = {"worker-1"}});
  block.wait();
  cluster_.stop_worker("worker-1");
  EXPECT_EQ(block.result().at(9'999), 7); // nothing could compute it again
}

TEST_F(processes, scattered_data_that_is_lost_says_so) {
  auto block = client_.scatter(std::vector<int>(10'000, 7), {.workers = {"worker-1"}});
  block.wait();
  kill(process_of(client_, "worker-1"), SIGKILL);
  EXPECT_THROW(block.result(), lost_data_error);
}

TEST(processes_begun, by_a_thread_that_has_ended_live_on) {
  std::unique_ptr<local_cluster> cluster;
  std::thread([&] {
    cluster = std::make_unique<local_cluster>(
        local_cluster_options{.workers = 2, .threads_per_worker = 1, .processes = true});
  }).join();
  client client{*cluster};
  EXPECT_EQ(begin_sum(client, 20).result(), 20 * 21 / 2);
  EXPECT_EQ(cluster->worker_names().size(), 2u);
}

} // namespace
} // namespace weft
