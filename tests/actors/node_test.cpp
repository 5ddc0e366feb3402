// Whole clusters in one process, driven through node.hpp as api/ does it: once without any socket, once with
// links over loopback, where the two ends only happen to share a process.

#include "actors/node.hpp"
#include "actors/process_actors.hpp"
#include "runtime/services/storage_pool.hpp"
#include "tests/support/mailbox.hpp"
#include "tests/support/no_more_threads.hpp"

#include <weft/detail/typed_body.hpp>
#include <weft/detail/typed_value.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <dirent.h>
#include <fcntl.h>
#include <list>
#include <set>
#include <sys/socket.h>
#include <thread>

using namespace weft;
using namespace weft::detail;
using namespace std::chrono_literals;
using test::mailbox;

namespace {

int inc(int x) {
  return x + 1;
}
int add(int x, int y) {
  return x + y;
}
std::atomic<bool> began{false};
std::atomic<bool> go_on{false};
int wait_for_the_test(int x) {
  began = true;
  while (!go_on)
    std::this_thread::yield();
  return x;
}

// A client that writes down what it hears.
struct listening_client final : client_sink {
  explicit listening_client(std::shared_ptr<client_connection> its) : connection(std::move(its)) {
    connection->start(*this);
  }
  ~listening_client() override { connection->close(); }

  void deliver(std::vector<holder_event>& events) override {
    for (auto& event : events)
      heard.push(std::move(event));
    events.clear();
  }

  template <class Event>
  Event wait_for() {
    for (;;) {
      auto event = heard.pop();
      if (auto* wanted = std::get_if<Event>(&event)) return std::move(*wanted);
    }
  }

  template <class... Events>
  void say(Events... events) {
    std::vector<scheduler_event> all;
    (all.emplace_back(std::move(events)), ...);
    connection->scheduler().send(all);
  }

  template <class... Parts>
  submit_task task(std::uint64_t number, inline_list<task_id, 2> inputs, Parts&&... function_and_arguments) {
    submit_task event;
    event.task = id(number);
    event.body = make_body(std::forward<Parts>(function_and_arguments)...);
    event.function = event.body->function();
    event.inputs = std::move(inputs);
    return event;
  }
  task_id id(std::uint64_t number) const { return task_id::make(connection->id(), number); }

  // A result that is here, or is fetched.
  int value_of(const result_ready& ready) {
    value_ptr value = ready.value;
    if (!value) {
      std::vector<transfer_command> commands;
      commands.emplace_back(request_value{ready.worker, ready.task});
      connection->data().perform(commands);
      value = wait_for<value_fetched>().value;
    }
    return value_as<int>(*value);
  }

  std::shared_ptr<client_connection> connection;
  mailbox<holder_event> heard;
};

std::size_t sockets_of_this_process() {
  std::size_t sockets = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(folder)) {
    char target[256] = {};
    const auto length = ::readlinkat(::dirfd(folder), entry->d_name, target, sizeof target - 1);
    if (length > 0 && std::string_view(target).starts_with("socket:")) ++sockets;
  }
  ::closedir(folder);
  return sockets;
}

class node_test : public testing::Test {
 protected:
  node_test() { began = go_on = false; }
  ~node_test() override { go_on = true; }

  std::shared_ptr<scheduler_handle> listening_scheduler(scheduler_settings settings = {}) {
    scheduler_options options;
    options.listen = "127.0.0.1:0";
    options.key = key;
    options.settings = settings;
    return node->start_scheduler(std::move(options));
  }
  cluster_address address_of(const scheduler_handle& scheduler) {
    return {.address = scheduler.address(), .socket = {}, .key = key};
  }
  // A worker over a socket pair, which the test can cut.
  struct inherited {
    std::shared_ptr<worker_handle> handle;
    unique_descriptor knife;
    void cut_off() { ::shutdown(knife.get(), SHUT_RDWR); }
  };
  inherited inherited_worker(scheduler_handle& scheduler, const std::string& name,
                             std::function<void(const std::string&)> left = {}) {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    inherited result;
    result.knife = unique_descriptor{::fcntl(pair[0], F_DUPFD_CLOEXEC, 0)};
    scheduler.accept_socket(unique_descriptor{pair[0]});
    auto where = address_of(scheduler);
    where.socket = unique_descriptor{pair[1]};
    result.handle = node->join_cluster(std::move(where), named(name), std::move(left));
    return result;
  }
  static worker_options named(std::string name, std::uint32_t threads = 1) {
    worker_options options;
    options.name = std::move(name);
    options.threads = threads;
    return options;
  }

  const cluster_key key = cluster_key::make_ephemeral();
  std::shared_ptr<weft::detail::node> node = weft::detail::node::instance();
};

// -- in one process
// --------------------------------------------------------------------------------------------

TEST(process_actors, leave_no_kept_memory_behind) {
  auto& pool = storage_pool::of_process();
  void* const block = pool.allocate(storage_pool::block_min, instant::now());
  ASSERT_TRUE(pool.keep(block, storage_pool::block_min, instant::now()));
  { process_actors actors; }
  EXPECT_EQ(pool.kept_bytes(), 0u);
}

TEST(process_actors, say_when_the_system_gives_no_threads) {
  const test::no_more_threads scope;
  try {
    process_actors actors;
    ADD_FAILURE() << "they started";
  } catch (const error& why) {
    EXPECT_NE(std::string(why.what()).find("weft: cannot start the threads that its actors need: "),
              std::string::npos)
        << why.what();
  }
}

TEST_F(node_test, tasks_run_in_one_process_and_no_socket_is_opened) {
  const std::size_t before = sockets_of_this_process();
  auto scheduler = node->start_scheduler({});
  auto worker = node->start_worker(scheduler, named("alice", 2));
  listening_client client{node->connect(scheduler, "test")};
  EXPECT_FALSE(client.connection->may_travel());
  EXPECT_EQ(scheduler->address(), "inproc");
  client.say(client.task(1, {}, inc, 1), client.task(2, {client.id(1)}, inc, input<int>{0}));
  EXPECT_EQ(client.value_of(client.wait_for<result_ready>()), 2);
  EXPECT_EQ(client.value_of(client.wait_for<result_ready>()), 3);
  EXPECT_EQ(sockets_of_this_process(), before);
}

TEST_F(node_test, everything_can_be_ended_and_begun_again) {
  for (int round = 0; round < 20; ++round) {
    auto fresh = weft::detail::node::instance();
    auto scheduler = fresh->start_scheduler({});
    auto worker = fresh->start_worker(scheduler, named("alice"));
    listening_client client{fresh->connect(scheduler, "test")};
    client.say(client.task(1, {}, inc, round));
    EXPECT_EQ(client.value_of(client.wait_for<result_ready>()), round + 1);
    node.reset();
  }
}

TEST_F(node_test, a_second_worker_of_the_same_name_is_refused_until_the_first_has_gone) {
  auto scheduler = node->start_scheduler({});
  auto first = node->start_worker(scheduler, named("alice"));
  EXPECT_THROW(node->start_worker(scheduler, named("alice")), connection_error);
  EXPECT_TRUE(first->stop(1min).empty());
  EXPECT_EQ(node->start_worker(scheduler, named("alice"))->name(), "alice");
}

TEST_F(node_test, a_worker_that_is_retired_says_so) {
  auto scheduler = node->start_scheduler({});
  auto worker = node->start_worker(scheduler, named("alice"));
  EXPECT_FALSE(scheduler->retire_worker("bob"));
  EXPECT_FALSE(worker->wait_until_left(0s));
  EXPECT_TRUE(scheduler->retire_worker("alice"));
  EXPECT_TRUE(worker->wait_until_left(30s));
  EXPECT_EQ(worker->how_it_left(), "retired");
  EXPECT_TRUE(worker->stop(1min).empty());
  EXPECT_TRUE(scheduler->worker_names().empty());
}

TEST_F(node_test, when_the_scheduler_stops_clients_and_workers_are_told) {
  auto scheduler = node->start_scheduler({});
  auto worker = node->start_worker(scheduler, named("alice"));
  listening_client client{node->connect(scheduler, "test")};
  scheduler->stop();
  EXPECT_EQ(client.wait_for<scheduler_lost>().how, "the scheduler was stopped");
  EXPECT_TRUE(worker->wait_until_left(30s));
  EXPECT_EQ(worker->how_it_left(), "lost the scheduler: the scheduler was stopped");
  EXPECT_THROW(node->start_worker(scheduler, named("bob")), connection_error);
}

TEST_F(node_test, a_client_that_comes_when_the_scheduler_has_stopped_is_told_too) {
  auto scheduler = node->start_scheduler({});
  scheduler->stop();
  listening_client client{node->connect(scheduler, "test")};
  EXPECT_EQ(client.wait_for<scheduler_lost>().how, "the scheduler was stopped");
}

TEST_F(node_test, what_a_stopped_worker_ran_is_run_elsewhere) {
  auto scheduler = node->start_scheduler({});
  auto alice = node->start_worker(scheduler, named("alice"));
  listening_client client{node->connect(scheduler, "test")};
  client.wait_for<worker_introduced>();
  client.say(client.task(1, {}, wait_for_the_test, 7));
  auto bob = node->start_worker(scheduler, named("bob"));
  while (!began)
    std::this_thread::yield();
  EXPECT_EQ(alice->stop(0s).size(), 1u);
  go_on = true;
  EXPECT_TRUE(alice->stop(1min).empty());
  EXPECT_EQ(client.value_of(client.wait_for<result_ready>()), 7);
}

// -- over links
// ------------------------------------------------------------------------------------------------

TEST_F(node_test, tasks_run_on_a_worker_behind_a_link_and_results_come_back) {
  auto scheduler = listening_scheduler();
  auto worker = node->join_cluster(address_of(*scheduler), named("alice"));
  listening_client client{node->connect(address_of(*scheduler), "test")};
  EXPECT_EQ(client.wait_for<worker_introduced>().attributes->name, "alice");
  client.say(client.task(1, {}, inc, 1), client.task(2, {client.id(1)}, inc, input<int>{0}));
  EXPECT_EQ(client.value_of(client.wait_for<result_ready>()), 2);
  EXPECT_EQ(client.value_of(client.wait_for<result_ready>()), 3);
}

TEST_F(node_test, a_thousand_tasks_over_two_linked_workers_and_one_of_this_process_each_come_back_once) {
  auto scheduler = listening_scheduler();
  auto alice = node->join_cluster(address_of(*scheduler), named("alice"));
  auto bob = node->join_cluster(address_of(*scheduler), named("bob"));
  auto carol = node->start_worker(scheduler, named("carol"));
  listening_client client{node->connect(address_of(*scheduler), "test")};
  for (int i = 0; i < 3; ++i)
    client.wait_for<worker_introduced>();
  // A tree of sums, so that workers need each other's values.
  constexpr std::uint64_t leaves = 512;
  std::vector<scheduler_event> events;
  for (std::uint64_t i = 1; i <= leaves; ++i)
    events.emplace_back(client.task(i, {}, inc, static_cast<int>(i - 1)));
  constexpr std::uint64_t root = 2 * leaves - 1;
  for (std::uint64_t i = leaves + 1, next = 1; i <= root; ++i, next += 2)
    events.emplace_back(
        client.task(i, {client.id(next), client.id(next + 1)}, add, input<int>{0}, input<int>{1}));
  client.connection->scheduler().send(events);
  std::set<task_id> seen;
  int total = 0;
  while (seen.size() < root) {
    const auto ready = client.wait_for<result_ready>();
    EXPECT_TRUE(seen.insert(ready.task).second);
    if (ready.task == client.id(root)) total = client.value_of(ready);
  }
  EXPECT_EQ(total, static_cast<int>(leaves * (leaves + 1) / 2));
}

TEST_F(node_test, when_a_workers_connection_breaks_its_tasks_run_elsewhere) {
  auto scheduler = listening_scheduler();
  mailbox<std::string> left;
  auto alice = inherited_worker(*scheduler, "alice", [&](const std::string& how) { left.push(how); });
  listening_client client{node->connect(scheduler, "test")};
  client.wait_for<worker_introduced>();
  client.say(client.task(1, {}, wait_for_the_test, 5));
  alice.cut_off();
  EXPECT_EQ(left.pop(), "lost the scheduler: the connection closed");
  client.wait_for<worker_gone>();
  auto bob = node->join_cluster(address_of(*scheduler), named("bob"));
  go_on = true;
  EXPECT_EQ(client.value_of(client.wait_for<result_ready>()), 5);
}

TEST_F(node_test, what_a_worker_said_before_its_end_is_heard_although_its_parent_told_of_the_end_first) {
  auto scheduler = listening_scheduler();
  listening_client client{node->connect(scheduler, "test")};
  auto alice = inherited_worker(*scheduler, "alice");
  client.wait_for<worker_introduced>();
  scheduler->worker_process_ended("alice", "killed by signal 9");
  client.say(client.task(1, {}, inc, 1));
  EXPECT_EQ(client.value_of(client.wait_for<result_ready>()), 2);
  alice.cut_off();
  client.wait_for<worker_gone>();
}

TEST_F(node_test, how_a_workers_process_ended_is_what_the_task_that_ran_into_it_says) {
  auto scheduler = listening_scheduler({.allowed_failures = 0});
  listening_client client{node->connect(scheduler, "test")};
  // After the first death it is only suspected: another task may have been to blame. Then it is watched.
  std::list<inherited> workers;
  for (const std::string name : {"alice", "bob"}) {
    began = false;
    auto& worker = workers.emplace_back(inherited_worker(*scheduler, name));
    client.wait_for<worker_introduced>();
    if (name == "alice") client.say(client.task(1, {}, wait_for_the_test, 5));
    while (!began)
      std::this_thread::yield();
    worker.cut_off();
    worker.handle->wait_until_left(30s);
    scheduler->worker_process_ended(name, "killed by signal 9");
  }
  const auto failed = client.wait_for<result_failed>();
  EXPECT_EQ(failed.failure->kind, failure_kind::worker_killed);
  EXPECT_NE(failed.failure->messages.at(0).find("killed by signal 9"), std::string::npos)
      << failed.failure->messages.at(0);
  go_on = true;
}

TEST_F(node_test, a_worker_of_a_name_that_is_taken_is_told_so) {
  auto scheduler = listening_scheduler();
  auto alice = node->join_cluster(address_of(*scheduler), named("alice"));
  try {
    node->join_cluster(address_of(*scheduler), named("alice"));
    FAIL() << "a second alice was let in";
  } catch (const connection_error& refused) {
    EXPECT_NE(std::string(refused.what()).find("there is a worker named alice already"), std::string::npos)
        << refused.what();
  }
  EXPECT_TRUE(alice->stop(1min).empty());
}

TEST_F(node_test, a_wrong_key_is_refused) {
  auto scheduler = listening_scheduler();
  cluster_address where{.address = scheduler->address(), .socket = {}, .key = cluster_key::make_ephemeral()};
  EXPECT_THROW(node->connect(std::move(where), "stranger"), connection_error);
}

TEST_F(node_test, nobody_at_the_address_is_an_error_that_names_it) {
  std::string address;
  {
    auto scheduler = listening_scheduler();
    address = scheduler->address();
  }
  try {
    node->connect(cluster_address{.address = address, .socket = {}, .key = key}, "test");
    FAIL();
  } catch (const connection_error& refused) {
    EXPECT_NE(std::string(refused.what()).find(address), std::string::npos) << refused.what();
  }
}

TEST_F(node_test, a_linked_worker_that_is_retired_leaves_and_its_scheduler_knows) {
  auto scheduler = listening_scheduler();
  mailbox<std::string> left;
  auto alice = node->join_cluster(address_of(*scheduler), named("alice"),
                                  [&](const std::string& how) { left.push(how); });
  listening_client client{node->connect(scheduler, "test")};
  client.wait_for<worker_introduced>();
  EXPECT_TRUE(scheduler->retire_worker("alice"));
  EXPECT_EQ(left.pop(), "retired");
  client.wait_for<worker_gone>();
  EXPECT_TRUE(alice->stop(1min).empty());
  EXPECT_TRUE(scheduler->worker_names().empty());
}

TEST_F(node_test, large_values_are_fetched_from_the_worker_that_has_them) {
  auto scheduler = listening_scheduler();
  auto alice = node->join_cluster(address_of(*scheduler), named("alice"));
  listening_client client{node->connect(address_of(*scheduler), "test")};
  const auto introduced = client.wait_for<worker_introduced>();
  client.connection->data().introduce(introduced.worker, introduced.attributes->address);
  client.say(client.task(
      1, {}, [](int size) { return std::vector<int>(static_cast<std::size_t>(size), 3); }, 1'000'000));
  const auto ready = client.wait_for<result_ready>();
  EXPECT_EQ(ready.value, nullptr);
  std::vector<transfer_command> commands;
  commands.emplace_back(request_value{ready.worker, ready.task});
  client.connection->data().perform(commands);
  const auto fetched = client.wait_for<value_fetched>();
  EXPECT_EQ(value_as<std::vector<int>>(*fetched.value), std::vector<int>(1'000'000, 3));
}

} // namespace
