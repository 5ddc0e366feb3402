// How users write calls, the same over threads and over processes: lists in braces, times with a unit,
// functions as arguments and results.

#include "tests/cluster/cluster_modes.hpp"

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

// Names that Weft's own templates have too.
namespace app {

struct plus {
  int more;
  int operator()(int x) const { return x + more; }
};
struct doubled {
  plus inner;
  int operator()(int x) const { return 2 * inner(x); }
};
[[maybe_unused]] const plus& unwrap(const doubled& from) {
  return from.inner;
}
template <class T>
std::size_t heap_bytes(const T&) {
  throw std::logic_error("not for Weft");
}

// As good as Weft's own for what is of this namespace; a call that could mean either does not compile.
template <class To, class T>
void encode_value(To&, const T&) {}
template <class From, class T>
void decode_into(From&, T&) {}
template <class T, class Visitor>
void visit_fields(T&, Visitor&&) {}
template <class T, class Visitor>
void visit_parts(T&, Visitor&&) {}
template <class T>
void words_of(const T&) {}
template <class To, class T>
void substitute(To&, T&&) {}
template <class From>
void make_body(From&&) {}

struct point {
  int x;
  std::vector<int> more;
};
struct shift {
  std::tuple<int, plus> by;
  point operator()(const point& from, const std::vector<point>& others) const {
    return {from.x + std::get<0>(by), others.at(0).more};
  }
};

} // namespace app

namespace weft {
namespace {

using namespace std::chrono_literals;

int inc(int x) {
  return x + 1;
}
int twice(int x) {
  return 2 * x;
}
int apply_all(const std::vector<int (*)(int)>& functions, int x) {
  for (auto* const function : functions)
    x = function(x);
  return x;
}
int run_until_stopped() {
  while (!this_task::stop_requested()) {
  }
  return 0;
}

int fail_with(std::size_t size) {
  throw std::runtime_error(std::string(size, 'x'));
}
struct silent : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

struct permissions {
  unsigned read : 1;
  unsigned write : 1;
};
struct file_entry {
  int size;
  permissions allowed;
};
struct whole_or_part {
  bool whole;
  union {
    int number;
    double fraction;
  };
};

struct total {
  int plus(int more) const { return number + more; }
  int number;
};

class calls : public test::both_modes {};
WEFT_IN_BOTH_MODES(calls);

TEST_P(calls, of_a_wait_that_takes_too_long_count_what_is_not_done) {
  const auto endless = client_.submit(run_until_stopped);
  const auto quick = client_.submit(inc, 1);
  quick.wait();
  try {
    wait(std::vector{endless, quick}, {.timeout = 1ms});
    FAIL() << "did not throw";
  } catch (const timeout_error& error) {
    EXPECT_EQ(std::string(error.what()).rfind("weft::wait: 1 of 2 futures are not known to be done; ", 0), 0u)
        << error.what();
  }
}

TEST_P(calls, take_lists_in_braces) {
  auto one = client_.submit(inc, 0);
  auto two = client_.submit(inc, one);
  EXPECT_EQ(client_.gather({one, two}), (std::vector{1, 2}));
  EXPECT_EQ(client_.gather(client_.map(inc, {1, 2, 3})), (std::vector{2, 3, 4}));
  EXPECT_EQ(client_.gather(client_.map(std::plus<>{}, {1, 2, 3}, {40, 50})), (std::vector{41, 52}));
  EXPECT_EQ(client_.gather(client_.map({.priority = 1}, inc, {one, two})), (std::vector{2, 3}));
  const auto waited = wait({one, two});
  EXPECT_EQ(waited.done, (std::vector{one, two}));
  EXPECT_TRUE(waited.not_done.empty());
}

TEST_P(calls, wait_for_a_list_of_different_types) {
  auto number = client_.submit(inc, 0);
  auto text = client_.submit([](int x) { return std::to_string(x); }, number);
  EXPECT_EQ(wait({number, text}, {.timeout = 60s}).done, (std::vector<any_future>{number, text}));
}

TEST_P(calls, take_ranges_that_make_their_futures_as_they_go) {
  const std::vector<int> numbers{1, 2, 3};
  const auto results = client_.map(inc, numbers);
  const auto made = numbers | std::views::transform([&](int x) { return results.at(x - 1); });
  EXPECT_EQ(client_.gather(made), (std::vector{2, 3, 4}));
  EXPECT_EQ(wait(made).done, results);
  EXPECT_FALSE(wait(made, {.until = wait_until::first}).done.empty());
}

TEST_P(calls, take_ranges_that_can_be_iterated_only_if_they_are_not_const) {
  const auto results = client_.map(inc, {1, 2, 3, 4});
  auto even = results | std::views::filter([](const auto& future) { return future.result() % 2 == 0; });
  EXPECT_EQ(client_.gather(even), (std::vector{2, 4}));
  EXPECT_EQ(wait(even).done, (std::vector{results[0], results[2]}));
  progress(even, {.descriptor = -1});
  as_completed completed(even);
  completed.update(even);
  EXPECT_EQ(completed.count(), 4u);
  client_.cancel(even);
  EXPECT_EQ(results[0].status(), future_status::cancelled);
  EXPECT_EQ(results[1].status(), future_status::finished);
  EXPECT_EQ(results[2].status(), future_status::cancelled);
}

TEST_P(calls, take_c_arrays) {
  const future<int> futures[] = {client_.submit(inc, 0), client_.submit(inc, 1)};
  EXPECT_EQ(wait(futures, {.timeout = 60s}).done.size(), 2u);
  EXPECT_EQ(wait(futures).done.size(), 2u);
  EXPECT_EQ(client_.gather(futures), (std::vector{1, 2}));
}

TEST_P(calls, of_functors_do_not_mistake_their_helpers_for_wefts) {
  EXPECT_EQ(client_.submit(app::doubled{{1}}, 10).result(), 22);
  const app::point origin{0, {1, 2}};
  auto shifted = client_.submit(app::shift{{3, {4}}}, origin, std::vector{client_.scatter(origin)});
  EXPECT_EQ(shifted.result().x, 3);
  EXPECT_EQ(shifted.result().more, origin.more);
  EXPECT_EQ(client_.submit(&app::point::x, shifted).result(), 3);
}

TEST_P(calls, wait_for_two_or_three_futures_with_the_options_last) {
  auto number = client_.submit(inc, 0);
  auto text = client_.submit([](int x) { return std::to_string(x); }, number);
  auto endless = client_.submit(run_until_stopped);
  EXPECT_EQ(wait(number, text, {.timeout = 60s}), (std::array{true, true}));
  const wait_options first{.until = wait_until::first, .timeout = 60s};
  EXPECT_EQ(wait(number, text, endless, first), (std::array{true, true, false}));
  EXPECT_THROW(wait(number, endless, {.timeout = 0ms}), timeout_error);
  endless.cancel();
}

TEST_P(calls, cancel_a_list_of_different_types) {
  auto number = client_.submit(run_until_stopped);
  auto text = client_.submit([](int x) { return std::to_string(x); }, number);
  client_.cancel({number, text});
  EXPECT_THROW(number.result(), cancelled_error);
  EXPECT_THROW(text.result(), cancelled_error);
}

TEST_P(calls, begin_and_extend_as_completed_with_lists) {
  auto one = client_.submit(inc, 0);
  auto two = client_.submit(inc, 1);
  as_completed completed({one, two});
  completed.update({two, client_.submit(inc, 2)});
  std::vector<int> results;
  for (const auto& future : completed)
    results.push_back(future.result());
  std::sort(results.begin(), results.end());
  EXPECT_EQ(results, (std::vector{1, 2, 2, 3}));
}

TEST_P(calls, take_fractions_of_a_second) {
  EXPECT_EQ(client_.submit(inc, 1).result(std::chrono::duration<double>(60.5)), 2);
  auto endless = client_.submit(run_until_stopped);
  EXPECT_THROW(endless.result(std::chrono::duration<double>(0.001)), timeout_error);
  endless.cancel();
}

TEST_P(calls, take_functions_as_arguments_and_give_them_as_results) {
  const auto call = [](int (*function)(int)) { return function(4); };
  EXPECT_EQ(client_.submit(call, inc).result(), 5);
  EXPECT_EQ(client_.submit(apply_all, std::vector<int (*)(int)>{inc, twice, inc}, 1).result(), 5);
  auto chosen = client_.submit([](bool doubles) { return doubles ? &twice : &inc; }, true);
  EXPECT_EQ(chosen.result(), &twice);
  EXPECT_EQ(client_.submit(call, chosen).result(), 8);
}

TEST_P(calls, with_a_function_of_the_system_as_argument_say_what_to_do_where_it_cannot_travel) {
  const auto call = [](double (*function)(double)) { return function(0.0); };
  auto cosine = client_.submit(call, static_cast<double (*)(double)>(std::cos));
  if (!processes()) {
    EXPECT_EQ(cosine.result(), 1.0);
    return;
  }
  try {
    cosine.result();
    ADD_FAILURE() << "did not throw";
  } catch (const cannot_travel& error) {
    EXPECT_NE(std::string(error.what()).find("wrap it in a lambda"), std::string::npos) << error.what();
  }
}

TEST_P(calls, with_what_has_no_codec_work_in_one_process_and_else_say_what_to_do) {
  auto shared = client_.submit([] { return std::make_shared<int>(5); });
  if (!processes()) {
    EXPECT_EQ(*shared.result(), 5);
    return;
  }
  try {
    shared.result();
    ADD_FAILURE() << "did not throw";
  } catch (const cannot_travel& error) {
    EXPECT_NE(std::string(error.what()).find("std::shared_ptr<int>"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("weft_fields function or a weft::codec"), std::string::npos)
        << error.what();
  }
}

TEST_P(calls, take_and_return_structs_with_bit_fields_and_unions_where_these_need_not_travel) {
  auto entry = client_.submit(
      [](file_entry its) {
        return file_entry{its.size + 1, {1, its.allowed.read}};
      },
      file_entry{1, {1, 0}});
  auto number = client_.submit([](int n) { return whole_or_part{true, {.number = n}}; }, 2);
  if (processes()) {
    EXPECT_THROW(entry.result(), cannot_travel);
    EXPECT_THROW(number.result(), cannot_travel);
  } else {
    EXPECT_EQ(entry.result().allowed.write, 1u);
    EXPECT_EQ(number.result().number, 2);
  }
}

TEST_P(calls, move_results_out_of_what_completes) {
  auto make = [](int x) { return std::make_unique<int>(x); };
  int sum = 0;
  for (auto future : as_completed(client_.map(make, {1, 2, 3})))
    sum += *future.take();
  EXPECT_EQ(sum, 6);
}

TEST_P(calls, look_at_what_completes_as_often_as_they_like_and_leave_it_there) {
  as_completed completed(client_.map(inc, {1, 2}));
  auto at = completed.begin();
  EXPECT_EQ(at->key(), (*at).key());
  int sum = at->result() + at->result();
  for (const auto& future : completed)
    sum += 2 * future.result();
  EXPECT_EQ(sum, 10);
  EXPECT_EQ(completed.count(), 0u);
}

TEST_P(calls, that_want_the_key_that_another_task_was_given_conflict) {
  const auto first = client_.submit(inc, 1);
  EXPECT_THROW(client_.submit({.key = first.key()}, inc, 10).result(), key_conflict);
  EXPECT_EQ(first.result(), 2);
}

TEST_P(calls, take_a_key_of_a_megabyte_and_none_that_is_longer) {
  const std::string longest(std::size_t{1} << 20, 'k');
  EXPECT_EQ(client_.submit({.key = longest}, [] { return this_task::key(); }).result(), longest);
  EXPECT_THROW((void)client_.submit({.key = longest + 'k'}, inc, 1), std::invalid_argument);
}

TEST_P(calls, of_what_throws_a_long_text_fail_with_its_beginning) {
  const auto future = client_.submit(fail_with, std::size_t{20'000'000});
  try {
    future.result();
    ADD_FAILURE() << "did not throw";
  } catch (const task_error& error) {
    const std::string& message = error.messages().at(0);
    EXPECT_LE(message.size(), std::size_t{1'100'000});
    EXPECT_EQ(message.substr(message.size() - 23), "xxx… (20000000 bytes)");
  }
  EXPECT_EQ(client_.submit(inc, 1).result(), 2);
}

TEST_P(calls, of_what_throws_without_a_text_fail_and_say_so) {
  const auto future = client_.submit([] { throw silent{}; });
  try {
    future.result();
    ADD_FAILURE() << "did not throw";
  } catch (const task_error& error) {
    EXPECT_EQ(error.messages(), (std::vector<std::string>{"(what() gave null)"}));
    EXPECT_NE(error.type().find("silent"), std::string::npos);
  }
}

TEST_P(calls, of_a_member_of_an_object_that_is_kept_elsewhere_stay_in_its_process) {
  const total local{40};
  auto sum = client_.submit(in_process(&total::plus), std::ref(local), 2);
  auto field = client_.submit(in_process(&total::number), std::cref(local));
  if (processes()) {
    EXPECT_THROW(sum.result(), cannot_travel);
  } else {
    EXPECT_EQ(sum.result(), 42);
    EXPECT_EQ(field.result(), 40);
  }
}

} // namespace
} // namespace weft
