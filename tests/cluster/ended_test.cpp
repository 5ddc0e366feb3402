// What clients and clusters say that have ended, were moved from, or are asked about another's futures.

#include "tests/cluster/cluster_modes.hpp"

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace weft {
namespace {

using namespace std::chrono_literals;

int inc(int x) {
  return x + 1;
}
int wait_until_stopped() {
  while (!this_task::stop_requested()) {
  }
  return 0;
}

template <class Printable>
std::string printed(const Printable& what) {
  std::ostringstream text;
  text << what;
  return text.str();
}

template <class Error, class Action>
std::string sentence_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing of that type was thrown";
}

class ended : public test::both_modes {};
WEFT_IN_BOTH_MODES(ended);

TEST_P(ended, a_closed_cluster_takes_no_clients_and_starts_and_stops_no_workers) {
  local_cluster cluster{{.workers = 1, .threads_per_worker = 1, .processes = processes()}};
  cluster.close();
  const std::string closed = "weft: this local_cluster is closed";
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client late{cluster}; }), closed);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { cluster.scale(0); }), closed);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { cluster.scale(1); }), closed);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { cluster.start_worker(); }), closed);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { cluster.stop_worker("worker-0"); }), closed);
  EXPECT_TRUE(cluster.worker_names().empty());
  cluster.close();
}

TEST_P(ended, a_client_that_was_moved_from_says_so_and_can_be_closed_and_assigned_to) {
  auto own = client_.submit(inc, 1);
  client moved_to{std::move(client_)};
  const std::string moved = "weft: this client was moved from";
  EXPECT_EQ(sentence_of<std::logic_error>([&] { (void)client_.submit(inc, 1); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { (void)client_.map(inc, std::vector{1}); }), moved);
  EXPECT_EQ(
      sentence_of<std::logic_error>([&] { (void)client_.map_reduce(std::vector{1}, inc, std::plus<int>{}); }),
      moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { (void)client_.scatter(1); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client_.gather(std::vector{own}); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client_.cancel(own); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client_.workers(); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client_.wait_for_workers(1); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client_.wait_for_workers(1, 1ms); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client_.scheduler_address(); }), moved);
  EXPECT_EQ(printed(client_), "<Client: moved from>");
  client_.close();
  client_.close();
  EXPECT_EQ(own.result(), 2);
  client_ = std::move(moved_to);
  EXPECT_EQ(client_.submit(inc, own).result(), 3);
}

TEST_P(ended, a_future_that_was_moved_from_refers_to_no_task) {
  auto first = client_.submit(inc, 1);
  const auto second = std::move(first);
  const std::string none = "weft: this future refers to no task (it was released, taken or moved from)";
  EXPECT_FALSE(first.valid());
  EXPECT_EQ(sentence_of<std::logic_error>([&] { first.result(); }), none);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { first.take(); }), none);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { first.wait(); }), none);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { first.exception(); }), none);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { first.status(); }), none);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { first.cancel(); }), none);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client_.cancel(first); }), none);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { client_.gather(std::vector{first}); }), none);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { wait(std::vector{first}); }), none);
  const std::string unwaited = "weft: a future that refers to no task cannot be waited for";
  EXPECT_EQ(sentence_of<std::invalid_argument>([&] { progress({first}); }), unwaited);
  EXPECT_EQ(sentence_of<std::invalid_argument>([&] { as_completed(std::vector{first}); }), unwaited);
  EXPECT_EQ(
      sentence_of<std::invalid_argument>([&] { wait(std::vector{first}, {.until = wait_until::first}); }),
      unwaited);
  EXPECT_EQ(printed(first), "<Future: of no task>");
  first.release();
  EXPECT_EQ(second.result(), 2);
}

TEST_P(ended, another_clients_futures_are_neither_gathered_nor_cancelled) {
  client other{shared_cluster(processes())};
  auto foreign = other.submit(wait_until_stopped);
  auto own = client_.submit(inc, 1);
  const std::string refused = "weft: " + foreign.key() + " belongs to another client";
  EXPECT_EQ(sentence_of<std::invalid_argument>([&] { client_.gather(std::vector{own, foreign}); }), refused);
  EXPECT_EQ(sentence_of<std::invalid_argument>([&] { client_.cancel(foreign); }), refused);
  EXPECT_EQ(sentence_of<std::invalid_argument>([&] { client_.cancel(std::vector{own, foreign}); }), refused);
  EXPECT_EQ(foreign.status(), future_status::pending);
  other.cancel(foreign);
  EXPECT_EQ(foreign.status(), future_status::cancelled);
}

TEST_P(ended, a_closed_client_says_so_wherever_it_is_asked) {
  client_.close();
  EXPECT_EQ(sentence_of<cancelled_error>([&] { (void)client_.submit(inc, 1); }), "client closed");
  EXPECT_EQ(sentence_of<cancelled_error>([&] { client_.workers(); }), "client closed");
  EXPECT_EQ(sentence_of<cancelled_error>([&] { client_.wait_for_workers(1); }), "client closed");
  EXPECT_EQ(sentence_of<cancelled_error>([&] { client_.wait_for_workers(3, 1ms); }), "client closed");
  EXPECT_EQ(printed(client_), "<Client: " + client_.scheduler_address() + ", closed>");
}

TEST_P(ended, a_client_whose_cluster_has_closed_says_that_the_scheduler_is_gone) {
  local_cluster cluster{{.workers = 1, .threads_per_worker = 1, .processes = processes()}};
  client client{cluster};
  auto waiting = client.submit({.workers = {"nobody"}}, inc, 1);
  cluster.close();
  EXPECT_THROW(waiting.result(), cancelled_error); // has heard of it by then
  EXPECT_THROW(client.submit(inc, 1), connection_error);
  EXPECT_THROW(client.workers(), connection_error);
  EXPECT_THROW(client.wait_for_workers(1), connection_error);
  EXPECT_EQ(printed(client), "<Client: inproc, the scheduler is gone>");
}

TEST_P(ended, the_last_worker_that_has_data_says_that_nobody_took_it_over) {
  local_cluster cluster{{.workers = 1, .processes = processes(), .shutdown_timeout = 100ms}};
  client client{cluster};
  const auto datum = client.scatter(1);
  datum.wait();
  testing::internal::CaptureStderr();
  cluster.scale(0);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("weft: worker-0 ends with data that no other worker could take over in time\n"),
            std::string::npos)
      << said;
}

/// What the process says on stderr while this lives can be read as it comes.
class overheard_stderr {
 public:
  overheard_stderr() : before_(dup(STDERR_FILENO)) {
    int ends[2];
    if (before_ < 0 || pipe(ends) != 0) throw std::runtime_error("no pipe");
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    from_ = ends[0];
  }
  ~overheard_stderr() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    close(from_);
  }
  overheard_stderr(const overheard_stderr&) = delete;
  overheard_stderr& operator=(const overheard_stderr&) = delete;

  /// Waits until this has been said.
  void await(const std::string& sentence) {
    char bytes[1024];
    while (said_.find(sentence) == std::string::npos) {
      const ssize_t size = read(from_, bytes, sizeof bytes);
      if (size > 0) said_.append(bytes, static_cast<std::size_t>(size));
    }
  }

 private:
  const int before_;
  int from_ = -1;
  std::string said_;
};

TEST(ended_cluster, names_the_tasks_of_every_worker_that_it_waits_for) {
  local_cluster cluster{{.workers = 2, .threads_per_worker = 1, .shutdown_timeout = 0ms}};
  client client{cluster};
  std::promise<void> begun[2], released;
  const auto done = released.get_future().share();
  std::vector<future<void>> tasks;
  for (int i = 0; i < 2; ++i)
    tasks.push_back(
        client.submit({.key = "task-" + std::to_string(i), .workers = {"worker-" + std::to_string(i)}},
                      in_process([&begun = begun[i], done] {
                        begun.set_value();
                        done.wait();
                      })));
  for (auto& each : begun)
    each.get_future().wait();
  overheard_stderr said;
  std::thread closing{[&] { cluster.close(); }};
  said.await("weft: waiting for task-0 on worker-0 to end");
  said.await("weft: waiting for task-1 on worker-1 to end");
  released.set_value();
  closing.join();
}

TEST(ended_client, is_closed_when_a_second_close_returns) {
  local_cluster cluster{{.workers = 1, .threads_per_worker = 1}};
  client client{cluster};
  std::promise<void> begun, may_end;
  std::atomic<bool> ended = false;
  // Who closes the client frees what nobody else has yet.
  std::shared_ptr<int> slow{new int{1}, [&](int* number) {
                              client.close(); // in the middle of the first: there is nothing to wait for
                              begun.set_value();
                              may_end.get_future().wait();
                              ended = true;
                              delete number;
                            }};
  const auto datum = client.scatter(std::move(slow), {.workers = {"nobody"}});
  auto first = std::async(std::launch::async, [&] { client.close(); });
  begun.get_future().wait();
  EXPECT_THROW(datum.result(), cancelled_error);
  auto second = std::async(std::launch::async, [&] {
    client.close();
    return ended.load();
  });
  EXPECT_EQ(second.wait_for(20ms), std::future_status::timeout);
  may_end.set_value();
  EXPECT_TRUE(second.get());
}

TEST(ended_client, can_be_destroyed_by_who_heard_that_a_task_has_closed_it) {
  local_cluster cluster{{.workers = 1, .threads_per_worker = 1}};
  for (int i = 0; i < 100; ++i) {
    auto own = std::make_unique<client>(cluster);
    const auto closing = own->submit(in_process([its = own.get()] { its->close(); }));
    EXPECT_THROW(closing.result(), cancelled_error);
  }
}

TEST(ended_client, may_end_with_the_task_that_was_the_last_to_hold_it) {
  local_cluster cluster{{.workers = 2, .threads_per_worker = 1}};
  client client{cluster};
  const auto call = [](const std::shared_ptr<weft::client>& its) { return its->submit(inc, 1).result(); };
  for (int i = 0; i < 20; ++i) {
    const auto captured = client.submit(
        in_process([call, its = std::make_shared<weft::client>(cluster)] { return call(its); }));
    EXPECT_EQ(captured.result(), 2);
    const auto argument = client.submit(call, std::make_shared<weft::client>(cluster));
    EXPECT_EQ(argument.result(), 2);
    // Never runs, and ends with its future.
    client.submit({.workers = {"nobody"}}, call, std::make_shared<weft::client>(cluster)).release();
  }
  EXPECT_EQ(client.submit(inc, 2).result(), 3);
}

TEST(ended_client, whose_task_has_a_slow_destructor_holds_up_nobody_else) {
  local_cluster cluster{{.workers = 2, .threads_per_worker = 1}};
  client client{cluster};
  std::promise<void> begun, may_end;
  std::shared_ptr<int> slow{new int{1}, [&](int* number) {
                              begun.set_value();
                              may_end.get_future().wait();
                              delete number;
                            }};
  auto future = client.submit([](const std::shared_ptr<int>& number) { return *number; }, std::move(slow));
  EXPECT_EQ(future.result(), 1);
  future.release();
  begun.get_future().wait();
  EXPECT_EQ(client.submit(inc, 1).result(), 2);
  may_end.set_value();
}

TEST(printed_client, without_workers_has_no_memory) {
  local_cluster cluster{{.workers = 0}};
  const client client{cluster};
  EXPECT_EQ(printed(client), "<Client: inproc, workers: 0, threads: 0, memory: 0 B>");
}

TEST_P(ended, an_as_completed_that_was_moved_from_says_so_and_can_be_assigned_to) {
  const auto number = client_.submit(inc, 1);
  as_completed completed{std::vector{number}};
  auto moved_to = std::move(completed);
  const std::string moved = "weft: this as_completed was moved from";
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.add(number); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.update({number}); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.next(); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.next(1ms); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.next_batch(); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.count(); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.has_ready(); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.clear(); }), moved);
  EXPECT_EQ(sentence_of<std::logic_error>([&] { completed.begin(); }), moved);
  completed = std::move(moved_to);
  EXPECT_EQ(completed.next().result(), 2);
}

} // namespace
} // namespace weft
