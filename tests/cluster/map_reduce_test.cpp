// client::map_reduce, the same over threads and over processes.

#include "tests/cluster/cluster_modes.hpp"

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <forward_list>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft {
namespace {

int square(int x) {
  return x * x;
}
int add(int x, int y) {
  return x + y;
}
std::string text_of(int x) {
  return std::to_string(x) + ' ';
}
std::string append(std::string left, const std::string& right) {
  return left += right;
}
/// Not associative: shows which elements were combined with which.
std::string bracket(const std::string& left, const std::string& right) {
  return '(' + left + right + ')';
}
int fail_at_seven(int x) {
  if (x == 7) throw std::out_of_range("seven");
  return x;
}

std::string texts_up_to(int count) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all += text_of(i);
  return all;
}

struct word {
  std::string text;
  int length = 0;
  int doubled() const { return 2 * length; }
};
struct total {
  int value = 0;
  total plus(const total& other) const { return {value + other.value}; }
};
struct scaled_by {
  std::vector<int> factors;
  int operator()(int x) const { return x * factors.at(0); }
};

class map_reduce : public test::both_modes {};
WEFT_IN_BOTH_MODES(map_reduce);

TEST_P(map_reduce, of_whole_numbers_gives_what_a_loop_gives) {
  EXPECT_EQ(client_.map_reduce(index_range{1, 1001}, square, add).result(), 333'833'500);
  EXPECT_EQ(client_.map_reduce(std::views::iota(1, 1001), square, add).result(), 333'833'500);
  const auto same = [](auto x) { return static_cast<std::int64_t>(x); };
  constexpr int least = std::numeric_limits<int>::min();
  EXPECT_EQ(client_.map_reduce(index_range{least, least + 3}, same, std::plus<>{}).result(),
            3 * std::int64_t{least} + 3);
  EXPECT_EQ(
      client_.map_reduce({.pieces = 1}, index_range<std::uint8_t>{0, 255}, same, std::plus<>{}).result(),
      254 * 255 / 2);
  EXPECT_EQ(client_.map_reduce(index_range<signed char>{-128, 127}, same, std::plus<>{}).result(),
            -128 - 127);
}

TEST_P(map_reduce, keeps_the_order_of_the_elements_whatever_the_pieces) {
  for (const std::size_t pieces : {1, 2, 7, 8, 9, 64, 65, 200})
    EXPECT_EQ(client_.map_reduce({.pieces = pieces}, index_range{0, 100}, text_of, append).result(),
              texts_up_to(100))
        << pieces;
  for (const int count : {1, 2, 15, 16, 17})
    EXPECT_EQ(client_.map_reduce(index_range{0, count}, text_of, append).result(), texts_up_to(count));
}

TEST_P(map_reduce, folds_each_piece_and_then_neighbours_from_left_to_right) {
  const auto digit = [](int x) { return std::to_string(x); };
  const auto shape = [&](map_reduce_options options) {
    return client_.map_reduce(options, index_range{0, 7}, digit, bracket).result();
  };
  EXPECT_EQ(shape({.pieces = 1}), "((((((01)2)3)4)5)6)");
  EXPECT_EQ(shape({.pieces = 3}), "(((01)(23))((45)6))");
  EXPECT_EQ(shape({.pieces = 100}), "((((((01)2)3)4)5)6)");
  EXPECT_EQ(shape({.pieces = 100, .piece_size_min = 3}), "(((01)2)(((34)5)6))");
  EXPECT_EQ(shape({.piece_size_min = 8}), "((((((01)2)3)4)5)6)");
}

TEST_P(map_reduce, takes_ranges_of_all_kinds) {
  const std::vector<int> numbers{1, 2, 3, 4, 5};
  EXPECT_EQ(client_.map_reduce(numbers, square, add).result(), 55);
  EXPECT_EQ(client_.map_reduce(std::span(numbers).first(2), square, add).result(), 5);
  EXPECT_EQ(client_.map_reduce(std::list<int>{1, 2, 3}, square, add).result(), 14);
  EXPECT_EQ(client_.map_reduce(std::forward_list<int>{1, 2, 3}, square, add).result(), 14);
  const int plain[] = {3, 4};
  EXPECT_EQ(client_.map_reduce(plain, square, add).result(), 25);
  EXPECT_EQ(
      client_.map_reduce(numbers | std::views::filter([](int x) { return x > 3; }), square, add).result(),
      41);
  EXPECT_EQ(client_.map_reduce(numbers | std::views::transform(square), square, add).result(), 979);
  EXPECT_EQ(client_.map_reduce({1, 2, 3}, square, add).result(), 14);
  EXPECT_EQ(client_.map_reduce({1, 2, 3}, square, add, 100).result(), 114);
  EXPECT_EQ(client_.map_reduce({.pieces = 2}, {1, 2, 3}, square, add, 100).result(), 114);
  std::istringstream input("6 7 8");
  EXPECT_EQ(client_.map_reduce(std::ranges::istream_view<int>(input), square, add).result(), 149);
  const std::vector<bool> bits{true, false, true, true};
  EXPECT_EQ(client_
                .map_reduce(
                    bits, [](bool bit) { return bit ? 1 : 0; }, add)
                .result(),
            3);
  const std::map<std::string, int> ages{{"ann", 30}, {"bob", 40}};
  EXPECT_EQ(client_
                .map_reduce(
                    ages, [](const std::pair<const std::string, int>& each) { return each.second; }, add)
                .result(),
            70);
}

TEST_P(map_reduce, carries_functions_of_all_kinds) {
  const int factor = 3;
  const auto multiplied = [factor](int x) { return factor * x; };
  EXPECT_EQ(client_.map_reduce(index_range{0, 5}, multiplied, std::plus<>{}).result(), 30);
  EXPECT_EQ(client_.map_reduce(index_range{0, 5}, scaled_by{{4}}, add).result(), 40);
  const std::vector<word> words{{"one", 3}, {"three", 5}};
  EXPECT_EQ(client_.map_reduce(words, &word::length, add).result(), 8);
  EXPECT_EQ(client_.map_reduce(words, &word::doubled, add).result(), 16);
  const auto as_total = [](int x) { return total{x}; };
  EXPECT_EQ(client_.map_reduce({.pieces = 2}, index_range{0, 5}, as_total, &total::plus).result().value, 10);
  const auto numbered = [seen = 0](int x) mutable { return x - seen++; };
  EXPECT_EQ(client_.map_reduce({.pieces = 1}, index_range{0, 5}, numbered, add).result(), 0);
  EXPECT_THROW(client_.map_reduce(index_range{0, 5}, square, static_cast<int (*)(int, int)>(nullptr)),
               std::invalid_argument);
}

TEST_P(map_reduce, of_a_function_that_stays_in_its_process_runs_where_it_can) {
  auto shared = std::make_shared<int>(2);
  auto sum = client_.map_reduce(index_range{0, 5}, in_process([shared](int x) { return *shared * x; }), add);
  if (processes())
    EXPECT_THROW(sum.result(), cannot_travel);
  else
    EXPECT_EQ(sum.result(), 20);
}

TEST_P(map_reduce, gives_what_the_combining_function_returns) {
  const auto half = [](int x) { return static_cast<short>(x / 2); };
  auto sum = client_.map_reduce(index_range{0, 5}, half, std::plus<>{});
  static_assert(std::is_same_v<decltype(sum), future<int>>);
  EXPECT_EQ(sum.result(), 4);
}

TEST_P(map_reduce, begins_with_the_initial_value_once) {
  EXPECT_EQ(client_.map_reduce({.pieces = 4}, index_range{0, 20}, text_of, append, "begin ").result(),
            "begin " + texts_up_to(20));
  EXPECT_EQ(client_.map_reduce(std::vector<int>{}, text_of, append, std::string("none")).result(), "none");
  EXPECT_EQ(client_.map_reduce(index_range{3, 3}, square, add, 5).result(), 5);
}

TEST_P(map_reduce, of_an_empty_range_without_an_initial_value_is_refused) {
  try {
    (void)client_.map_reduce(index_range{3, 2}, square, add);
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("empty range"), std::string::npos) << error.what();
  }
  EXPECT_THROW(client_.map_reduce(std::list<int>{}, square, add), std::invalid_argument);
  EXPECT_THROW(
      client_.map_reduce(std::vector<int>{} | std::views::filter([](int) { return true; }), square, add),
      std::invalid_argument);
}

TEST_P(map_reduce, of_large_elements_is_cut_so_that_they_can_be_sent) {
  const std::vector<std::string> texts(20, std::string(1 << 20, 'x'));
  const auto length = [](const std::string& text) { return text.size(); };
  EXPECT_EQ(client_.map_reduce({.pieces = 1}, texts, length, std::plus<>{}).result(), std::size_t{20} << 20);
  const std::vector<double> numbers(3'000'000, 0.5);
  const auto same = [](double x) { return x; };
  EXPECT_EQ(client_.map_reduce({.pieces = 1}, numbers, same, std::plus<>{}).result(), 1'500'000);
}

TEST_P(map_reduce, fails_with_what_a_function_throws) {
  try {
    client_.map_reduce(index_range{0, 10}, fail_at_seven, add).result();
    FAIL() << "nothing was thrown";
  } catch (const task_error& error) {
    EXPECT_NE(std::string(error.what()).find("seven"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("map_reduce_piece"), std::string::npos) << error.what();
  }
}

TEST_P(map_reduce, gives_the_total_the_key_that_was_asked_for) {
  for (const std::size_t pieces : {1, 3, 20}) {
    auto sum =
        client_.map_reduce({.task = {.key = "total"}, .pieces = pieces}, index_range{0, 20}, square, add);
    EXPECT_EQ(sum.key(), "total");
    EXPECT_EQ(sum.result(), 2470);
  }
  auto first = client_.submit({.key = "sum-0"}, square, 2);
  EXPECT_THROW(client_.map_reduce({.task = {.key = "sum"}}, index_range{0, 20}, square, add), key_conflict);
}

} // namespace
} // namespace weft
