// The API as its users meet it, the same over threads and over processes.

#include "tests/cluster/cluster_modes.hpp"
#include "tests/support/standard_error.hpp"

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <forward_list>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace weft {
namespace {

using namespace std::chrono_literals;

int inc(int x) {
  return x + 1;
}
int add(int x, int y) {
  return x + y;
}
int sum(const std::vector<int>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0);
}
int fail(int code) {
  if (code == 0) throw std::out_of_range("no such row");
  throw code;
}
void nothing() {}
std::unique_ptr<std::string> make_text(const std::string& text) {
  return std::make_unique<std::string>(text);
}
int wait_until_stopped() {
  while (!this_task::stop_requested()) {
  }
  return 0;
}

struct point {
  double x = 0;
  double y = 0;
  friend bool operator==(const point&, const point&) = default;
  point mirrored() const { return {y, x}; }
};

class api : public test::both_modes {};
WEFT_IN_BOTH_MODES(api);

TEST_P(api, futures_are_arguments_also_twice_and_in_containers) {
  auto one = client_.submit(inc, 0);
  auto two = client_.submit(add, one, one);
  EXPECT_EQ(two.result(), 2);
  EXPECT_EQ(client_.submit(sum, std::vector{one, two, one}).result(), 4);
  const auto of_array = [](const std::array<int, 2>& both) { return both[0] * 10 + both[1]; };
  EXPECT_EQ(client_.submit(of_array, std::array{one, two}).result(), 12);
  const auto of_pair = [](const std::pair<int, std::vector<int>>& pair) {
    return pair.first + sum(pair.second);
  };
  EXPECT_EQ(client_.submit(of_pair, std::pair{one, std::vector{two, two}}).result(), 5);
  const auto of_tuple = [](const std::tuple<int, std::string, int>& all) {
    return std::get<1>(all) + std::to_string(std::get<0>(all) + std::get<2>(all));
  };
  EXPECT_EQ(client_.submit(of_tuple, std::tuple{one, std::string("sum "), two}).result(), "sum 3");
  const auto of_map = [](const std::map<std::string, int>& map) { return map.at("a") * 10 + map.at("b"); };
  EXPECT_EQ(client_.submit(of_map, std::map<std::string, future<int>>{{"a", one}, {"b", two}}).result(), 12);
  const auto of_forward = [](const std::forward_list<int>& list) {
    return list.front() * 10 + *++list.begin();
  };
  EXPECT_EQ(client_.submit(of_forward, std::forward_list{one, two}).result(), 12);
  const auto of_optional = [](const std::optional<int>& maybe) { return maybe.value_or(-1); };
  EXPECT_EQ(client_.submit(of_optional, std::optional{two}).result(), 2);
  EXPECT_EQ(client_.submit(of_optional, std::optional<future<int>>{}).result(), -1);
}

TEST_P(api, callables_of_all_kinds_run) {
  EXPECT_EQ(client_.submit(inc, 1).result(), 2);
  const int captured = 40;
  EXPECT_EQ(client_.submit([captured](int x) { return captured + x; }, 2).result(), 42);
  EXPECT_EQ(client_.submit([](auto x) { return x + x; }, std::string("ab")).result(), "abab");
  EXPECT_EQ(client_.submit(&point::mirrored, point{1, 2}).result(), (point{2, 1}));
  EXPECT_EQ(client_.submit([](const std::string& text) { return text.size(); }, "literal").result(), 7u);
}

TEST_P(api, a_task_without_a_result_has_a_future_of_void) {
  future<void> done = client_.submit(nothing);
  done.result();
  EXPECT_EQ(done.status(), future_status::finished);
  std::ostringstream text;
  text << done;
  EXPECT_NE(text.str().find("type: void"), std::string::npos) << text.str();
}

TEST_P(api, a_result_stays_where_it_is_while_a_handle_lives) {
  auto future = client_.submit([] { return std::vector<double>(1000, 0.5); });
  const std::vector<double>& first = future.result();
  const auto copy = future;
  EXPECT_EQ(&first, &copy.result());
  EXPECT_EQ(first.size(), 1000u);
  EXPECT_GE(future.nbytes(), 8000u);
  EXPECT_EQ(future.who_has().size(), 1u);
}

TEST_P(api, take_moves_a_move_only_result_out) {
  auto future = client_.submit(make_text, std::string("only one"));
  EXPECT_EQ(*future.result(), "only one");
  auto copy = future;
  EXPECT_THROW(future.take(), std::logic_error);
  copy.release();
  EXPECT_EQ(*future.take(), "only one");
  EXPECT_FALSE(future.valid());
  EXPECT_THROW(future.status(), std::logic_error);
}

TEST_P(api, take_is_refused_while_a_task_needs_the_result) {
  auto text = client_.submit(make_text, std::string("shared"));
  text.wait();
  auto reader = client_.submit(
      [](const std::unique_ptr<std::string>& shared) {
        wait_until_stopped();
        return *shared;
      },
      text);
  EXPECT_THROW(text.take(), std::logic_error);
  reader.cancel();
}

TEST_P(api, map_goes_over_ranges_side_by_side_as_far_as_the_shortest) {
  const std::vector<int> xs{1, 2, 3};
  const std::list<int> ys{10, 20};
  auto sums = client_.map(add, xs, ys);
  EXPECT_EQ(client_.gather(sums), (std::vector{11, 22}));
  EXPECT_EQ(client_.gather(client_.map(inc, sums)), (std::vector{12, 23}));
  EXPECT_EQ(client_.gather(client_.map(inc, std::set<int>{3, 1})), (std::vector{2, 4}));
  const auto keyed = client_.map({.key = "row"}, inc, xs);
  EXPECT_EQ(keyed[2].key(), "row-2");
  std::istringstream stream("4 5");
  struct numbers {
    std::istream_iterator<int> begin() const { return std::istream_iterator<int>(*from); }
    std::istream_iterator<int> end() const { return {}; }
    std::istream* from;
  };
  EXPECT_EQ(client_.gather(client_.map(inc, numbers{&stream})), (std::vector{5, 6}));
}

TEST_P(api, empty_ranges_give_nothing) {
  const std::vector<int> none;
  EXPECT_TRUE(client_.map(inc, none).empty());
  EXPECT_TRUE(client_.gather(std::vector<future<int>>{}).empty());
  EXPECT_TRUE(wait(std::vector<future<int>>{}).done.empty());
  EXPECT_THROW(wait(std::vector<future<int>>{}, {.until = wait_until::first}), std::invalid_argument);
  as_completed empty{std::vector<future<int>>{}};
  EXPECT_EQ(empty.count(), 0u);
  EXPECT_THROW(empty.next(), std::out_of_range);
  for (const auto& future : empty)
    ADD_FAILURE() << future;
  progress(std::vector<future<int>>{});
}

TEST_P(api, a_failure_reaches_whoever_asks_with_type_message_and_culprit) {
  auto bad = client_.submit({.key = "the culprit"}, fail, 0);
  auto after = client_.submit(inc, bad);
  try {
    after.result();
    ADD_FAILURE() << "did not throw";
  } catch (const task_error& error) {
    EXPECT_EQ(error.type(), "std::out_of_range");
    EXPECT_EQ(error.messages(), std::vector<std::string>{"no such row"});
    EXPECT_EQ(error.key(), "the culprit");
    EXPECT_FALSE(error.worker().empty());
    EXPECT_EQ(error.original() != nullptr, !processes());
  }
  EXPECT_EQ(bad.status(), future_status::error);
  EXPECT_TRUE(after.exception());
}

TEST_P(api, a_throw_that_is_no_exception_is_named_by_its_type) {
  auto bad = client_.submit(fail, 3);
  try {
    bad.result();
    ADD_FAILURE() << "did not throw";
  } catch (const task_error& error) {
    EXPECT_EQ(error.type(), "int");
  }
}

TEST_P(api, a_task_that_fails_is_run_again_as_often_as_asked) {
  const auto fail_often = [](int) -> int {
    thread_local int tries = 0;
    if (++tries % 3 != 0) throw std::runtime_error("not yet");
    return tries;
  };
  EXPECT_EQ(client_.submit({.retries = 100}, fail_often, 1).result() % 3, 0);
  EXPECT_THROW(client_.submit({.retries = 3}, fail, 0).result(), task_error);
}

TEST_P(api, a_cancelled_future_and_all_that_needs_it_say_so) {
  auto endless = client_.submit(wait_until_stopped);
  auto after = client_.submit(inc, endless);
  client_.cancel(endless);
  EXPECT_THROW(endless.result(), cancelled_error);
  EXPECT_THROW(after.result(), cancelled_error);
  EXPECT_EQ(endless.status(), future_status::cancelled);
  EXPECT_THROW(client_.submit(inc, endless).result(), cancelled_error);
  client_.cancel(std::vector{endless, after});
}

TEST_P(api, another_clients_future_is_refused_as_an_argument) {
  client other{shared_cluster(processes())};
  auto foreign = other.submit(inc, 1);
  EXPECT_THROW(client_.submit(inc, foreign), std::invalid_argument);
  EXPECT_THROW(client_.submit(inc, future<int>{}), std::invalid_argument);
  auto own = client_.submit(inc, 1);
  as_completed<int> sequence;
  sequence.add(own);
  EXPECT_THROW(sequence.add(foreign), std::invalid_argument);
}

TEST_P(api, a_key_in_use_is_refused_and_free_again_when_its_future_is_gone) {
  auto first = client_.submit({.key = "x"}, inc, 1);
  EXPECT_EQ(first.key(), "x");
  EXPECT_EQ(client_.submit({.key = "y"}, [] { return this_task::key(); }).result(), "y");
  EXPECT_THROW(client_.submit({.key = "x"}, inc, 2), key_conflict);
  first.release();
  EXPECT_EQ(client_.submit({.key = "x"}, inc, 2).result(), 3);
}

TEST_P(api, a_task_runs_where_it_has_to) {
  const auto where = [] { return this_task::worker_name(); };
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(client_.submit({.workers = {"worker-1"}}, where).result(), "worker-1");
  EXPECT_FALSE(client_.submit({.workers = {"nobody"}, .allow_other_workers = true}, where).result().empty());
  auto never = client_.submit({.workers = {"nobody"}}, where);
  try {
    never.result(1ms);
    ADD_FAILURE() << "did not throw";
  } catch (const timeout_error& error) {
    EXPECT_NE(std::string(error.what()).find(never.key()), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("nobody"), std::string::npos) << error.what();
  }
}

TEST_P(api, scattered_data_is_an_argument_like_any_result) {
  auto block = client_.scatter(std::vector<int>{1, 2, 3});
  EXPECT_EQ(client_.submit(sum, block).result(), 6);
  EXPECT_EQ(block.result(), (std::vector{1, 2, 3}));
  const auto there = client_.scatter(5, {.workers = {"worker-1"}});
  EXPECT_EQ(client_.submit(inc, there).result(), 6);
  EXPECT_EQ(there.who_has(), std::vector<std::string>{"worker-1"});
}

TEST_P(api, as_completed_gives_each_once_failed_and_cancelled_ones_too) {
  auto endless = client_.submit(wait_until_stopped);
  std::vector<future<int>> futures{client_.submit(inc, 1), client_.submit(fail, 0), endless};
  as_completed sequence{futures};
  sequence.add(futures[0]);
  EXPECT_EQ(sequence.count(), 4u);
  endless.cancel();
  int finished = 0, failed = 0, cancelled = 0;
  for (const auto& future : sequence) {
    finished += future.status() == future_status::finished;
    failed += future.status() == future_status::error;
    cancelled += future.status() == future_status::cancelled;
  }
  EXPECT_EQ(finished, 2);
  EXPECT_EQ(failed, 1);
  EXPECT_EQ(cancelled, 1);
  sequence.add(client_.submit(inc, 5)); // it has drained, and goes on
  EXPECT_EQ(sequence.next().result(), 6);
}

TEST_P(api, as_completed_with_results_gives_futures_whose_results_are_here) {
  const auto large = [](int number) { return std::vector<int>(100'000, number); };
  auto futures = client_.map(large, std::vector{1, 2, 3});
  int sum = 0;
  for (const auto& future : as_completed(futures, {.with_results = true}))
    sum += future.result(0ns).front();
  EXPECT_EQ(sum, 6);
}

TEST_P(api, as_completed_in_batches_and_with_a_timeout) {
  auto futures = client_.map(inc, std::vector{1, 2, 3});
  as_completed sequence{futures};
  std::size_t seen = 0;
  while (sequence.count() > 0)
    seen += sequence.next_batch().size();
  EXPECT_EQ(seen, 3u);
  auto endless = client_.submit(wait_until_stopped);
  sequence.add(endless);
  EXPECT_FALSE(sequence.has_ready());
  EXPECT_THROW(sequence.next(1ms), timeout_error);
  sequence.clear();
  EXPECT_EQ(sequence.count(), 0u);
  endless.cancel();
}

TEST_P(api, wait_returns_with_all_the_first_or_the_first_exception) {
  auto quick = client_.submit(inc, 1);
  auto text = client_.submit([] { return std::string("b"); });
  EXPECT_EQ(wait(quick, text), (std::array{true, true}));
  auto endless = client_.submit(wait_until_stopped);
  const auto first = wait(std::vector{quick, endless}, {.until = wait_until::first});
  EXPECT_EQ(first.done, std::vector{quick});
  EXPECT_EQ(first.not_done, std::vector{endless});
  auto bad = client_.submit(fail, 0);
  const auto failed = wait(std::vector{endless, bad}, {.until = wait_until::first_exception});
  EXPECT_EQ(failed.not_done, std::vector{endless});
  EXPECT_THROW(wait(std::vector{endless}, {.timeout = 1ms}), timeout_error);
  EXPECT_FALSE(endless.wait_for(1ms));
  endless.cancel();
  EXPECT_TRUE(endless.wait_for(1s));
}

TEST(api_in_process, tasks_that_wait_for_tasks_do_not_fill_the_cluster) {
  local_cluster cluster{{.workers = 1, .threads_per_worker = 2}};
  client client{cluster};
  weft::client* const own = &client;
  const auto nested =
      in_process([own](int depth) { return own->submit(add, own->submit(inc, depth), depth).result(); });
  std::vector<future<int>> futures;
  for (int i = 0; i < 300; ++i)
    futures.push_back(client.submit(nested, i));
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(futures[static_cast<std::size_t>(i)].result(), 2 * i + 1);
}

struct fibonacci {
  weft::client* own;
  int operator()(int n) const {
    if (n < 2) return n;
    const auto left = own->submit(in_process(fibonacci{own}), n - 1);
    const auto right = own->submit(in_process(fibonacci{own}), n - 2);
    return left.result() + right.result();
  }
};

TEST(api_in_process, a_recursion_of_thousands_of_tasks_that_wait_for_each_other_ends) {
  local_cluster cluster{{.workers = 2, .threads_per_worker = 1}};
  client client{cluster};
  EXPECT_EQ(client.submit(in_process(fibonacci{&client}), 20).result(), 6765);
}

TEST_P(api, printing_tells_state_type_and_key) {
  auto endless = client_.submit(wait_until_stopped);
  std::ostringstream before;
  before << endless;
  EXPECT_EQ(before.str(), "<Future: wait_until_stopped status: pending, key: " + endless.key() + ">");
  before << ' ' << endless.status();
  EXPECT_EQ(before.str().substr(before.str().rfind(' ')), " pending");
  endless.cancel();
  auto one = client_.submit(inc, 0);
  one.wait();
  std::ostringstream after;
  after << one;
  EXPECT_EQ(after.str(), "<Future: inc status: finished, type: int, key: " + one.key() + ">");
  EXPECT_EQ(one.key().rfind("inc-", 0), 0u);
  std::ostringstream whole;
  whole << client_;
  EXPECT_NE(whole.str().find("workers: 2, threads: 4, memory: "), std::string::npos) << whole.str();
}

TEST_P(api, closing_a_client_wakes_who_waits_and_leaves_handles_safe) {
  future<int> finished;
  future<int> endless;
  {
    client closing{shared_cluster(processes())};
    finished = closing.submit(inc, 1);
    finished.result();
    endless = closing.submit(wait_until_stopped);
    auto waiter = std::async(std::launch::async, [&] {
      try {
        endless.result();
      } catch (const cancelled_error& error) {
        return std::string(error.what());
      }
      return std::string("a result");
    });
    closing.close();
    EXPECT_EQ(waiter.get(), "client closed");
    closing.close();
    EXPECT_THROW(closing.submit(inc, 1), cancelled_error);
  }
  const auto copy = finished;
  EXPECT_EQ(copy.result(), 2);
  std::ostringstream text;
  text << copy << endless;
  EXPECT_EQ(endless.status(), future_status::cancelled);
}

TEST_P(api, workers_that_are_not_there_are_waited_for_no_longer_than_asked) {
  client_.wait_for_workers(2);
  try {
    client_.wait_for_workers(3, 1ms);
    ADD_FAILURE() << "did not throw";
  } catch (const timeout_error& error) {
    EXPECT_NE(std::string(error.what()).find("has 2"), std::string::npos) << error.what();
  }
}

TEST_P(api, limits_with_which_nothing_could_be_submitted_are_refused_by_name) {
  const auto said = [](client_options options) -> std::string {
    try {
      client{test::both_modes::shared_cluster(GetParam()), std::move(options)};
      return "no error";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  EXPECT_NE(said({.max_pending = 0}).find(".max_pending is 0"), std::string::npos);
  EXPECT_NE(said({.max_pending_bytes = 0}).find(".max_pending_bytes is 0"), std::string::npos);
}

TEST_P(api, a_worker_that_was_started_is_listed_at_once) {
  local_cluster cluster{{.workers = 2, .threads_per_worker = 1, .processes = processes()}};
  client client{cluster};
  EXPECT_EQ(client.workers().size(), 2u);
  for (int round = 0; round < 5; ++round) {
    const std::string name = cluster.start_worker();
    const auto workers = client.workers();
    EXPECT_EQ(
        std::count_if(workers.begin(), workers.end(), [&](const auto& its) { return its.name == name; }), 1);
  }
}

TEST_P(api, a_task_for_a_worker_that_is_not_there_is_announced_while_it_is_waited_for) {
  auto nowhere = client_.submit({.workers = {"nobody"}}, inc, 1);
  test::standard_error errors;
  auto waiting = std::async(std::launch::async, [&] { nowhere.wait(); });
  EXPECT_TRUE(errors.wait_for("weft: waiting for " + nowhere.key() +
                              ": none of the workers asked for is connected: nobody"))
      << errors.seen();
  nowhere.cancel();
  waiting.get();
}

std::string abi_tagged() {
  return "text";
}

TEST_P(api, a_function_with_an_abi_tag_is_named_without_it) {
  auto text = client_.submit(abi_tagged);
  EXPECT_EQ(text.key().substr(0, 11), "abi_tagged-");
  EXPECT_EQ(text.result(), "text");
}

TEST_P(api, a_null_function_is_refused_at_once) {
  int (*nothing)(int) = nullptr;
  EXPECT_THROW(client_.submit(nothing, 1), std::invalid_argument);
}

TEST_P(api, the_entries_of_a_map_are_a_range) {
  const std::map<std::string, int> numbers{{"a", 1}, {"b", 2}};
  const auto doubled = client_.map(
      [](const std::pair<const std::string, int>& entry) {
        return entry.first + std::to_string(2 * entry.second);
      },
      numbers);
  EXPECT_EQ(client_.gather(doubled), (std::vector<std::string>{"a2", "b4"}));
}

TEST_P(api, many_threads_may_use_one_client) {
  std::vector<std::future<int>> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.push_back(std::async(std::launch::async, [&] {
      int total = 0;
      for (int i = 0; i < 200; ++i)
        total += client_.submit(inc, i).result();
      return total;
    }));
  for (auto& each : threads)
    EXPECT_EQ(each.get(), 200 * 201 / 2);
}

} // namespace
} // namespace weft
