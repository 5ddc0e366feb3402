#include "tests/unit/codec_round_trip.hpp"

#include <weft/detail/heap_bytes.hpp>
#include <weft/errors.hpp>

#include <bitset>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <stack>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace weft {
namespace {

using namespace std::chrono_literals;

/// May be another instant of the same type, and says so when it is asked.
struct by_remainder {
  int divisor = 10;
  bool operator()(int a, int b) const { return a % divisor < b % divisor; }
};

/// Looks like an adaptor, and like one that has more to it.
template <class T>
class own_stack {
 public:
  using container_type = std::vector<T>;
  bool empty() const;
  void pop();

 private:
  container_type items_;
};
template <class T>
struct tagged_stack : std::stack<T> {
  std::string tag;
};
template <std::size_t Size>
class own_flags {
 public:
  own_flags& flip();
  bool test(std::size_t) const;

 private:
  unsigned long bits_;
};

/// Looks like a container, and has more to it than its elements.
template <class T>
class named_column {
 public:
  using value_type = T;
  void push_back(const T& value);
  void clear();
  std::size_t size() const;
  const T* begin() const;
  const T* end() const;

 private:
  std::string name_;
  std::vector<T> values_;
};
/// Looks like an optional, and says why there is nothing.
template <class T>
class outcome {
 public:
  using value_type = T;
  bool has_value() const;
  T& operator*();
  const T& operator*() const;
  void emplace(T value);
  void reset();

 private:
  T value_{};
  std::string why_;
};
struct gives_back {
  void operator()(int* where) const;
};

class shape {
 public:
  friend auto weft_fields(shape& its) { return std::tie(its.name_); }

 private:
  std::string name_;
};
class circle : public shape {
 public:
  double radius = 1;
  circle() = default;
};
class ring : public circle {
 public:
  ring() = default;
  friend auto weft_fields(ring& its) { return std::tie(its.radius); }
};

template <class T>
struct tagged_vector : std::vector<T> {
  using std::vector<T>::vector;
  std::string tag;
};
template <class Key, class Mapped>
class map_with_default : public std::map<Key, Mapped> {
 public:
  map_with_default() = default;

 private:
  Mapped other_{};
};

TEST(codec, what_is_derived_from_a_container_may_have_more_to_it_and_does_not_travel) {
  EXPECT_FALSE(travels<tagged_vector<int>>);
  EXPECT_FALSE((travels<map_with_default<int, int>>));
  EXPECT_TRUE((travels<std::map<int, std::vector<std::string>>>));
}

TEST(codec, what_only_looks_like_a_bitset_or_an_adaptor_is_neither) {
  EXPECT_FALSE(travels<own_stack<int>>);
  EXPECT_FALSE(travels<own_flags<9>>);
  EXPECT_FALSE(travels<tagged_stack<int>>);
}

TEST(codec, what_only_looks_like_a_container_or_an_optional_is_neither) {
  EXPECT_FALSE(travels<named_column<int>>);
  EXPECT_FALSE(travels<outcome<int>>);
}

class amount {
 public:
  amount() = default;
  explicit amount(int number) : number_(number) {}
  friend bool operator==(const amount&, const amount&) = default;
  friend auto weft_fields(amount& its) { return std::tie(its.number_); }

 private:
  int number_ = 0;
};
struct of_standard_constants {
  std::variant<int, const std::string> either;
  std::optional<const int> perhaps;
  std::map<int, const std::string> names;
  std::pair<const amount, const std::string> both;
  friend bool operator==(const of_standard_constants&, const of_standard_constants&) = default;
};

TEST(codec, constants_within_what_the_standard_has_arrive) {
  EXPECT_ARRIVES(std::variant<int, const std::string>("text"));
  EXPECT_ARRIVES(std::optional<const int>(5));
  EXPECT_ARRIVES(std::optional<const amount>(5));
  EXPECT_ARRIVES(std::map<int, const std::string>{{1, "one"}});
  EXPECT_ARRIVES(of_standard_constants{"text", 7, {{2, "two"}}, {amount(3), "both"}});
  const auto owned = there_and_back(std::unique_ptr<const amount>(new amount(4)));
  EXPECT_EQ(*owned, amount(4));
}

TEST(codec, what_another_deleter_gives_back_does_not_come_from_new) {
  EXPECT_TRUE(travels<std::unique_ptr<int>>);
  EXPECT_FALSE((travels<std::unique_ptr<int, gives_back>>));
}

TEST(codec, the_function_of_a_base_class_does_not_speak_for_what_is_derived) {
  EXPECT_TRUE(travels<shape>);
  EXPECT_FALSE(travels<circle>);
  EXPECT_TRUE(travels<ring>);
}

TEST(codec, bitsets_arrive) {
  EXPECT_ARRIVES(std::bitset<1>("1"));
  EXPECT_ARRIVES(std::bitset<8>("10010110"));
  EXPECT_ARRIVES(std::bitset<67>("1000000000000000000000000000000000000000000000000000000000000000011"));
  EXPECT_ARRIVES((std::map<int, std::bitset<9>>{{1, 5}, {2, 511}}));
  EXPECT_EQ(encoded(std::bitset<9>(511))->bytes().size(), 2u);
}

TEST(codec, bits_beyond_the_last_of_a_bitset_are_dropped) {
  const std::byte bytes[] = {std::byte{0xff}};
  EXPECT_EQ(decoded<std::bitset<3>>(bytes).count(), 3u);
}

TEST(codec, stacks_and_queues_arrive_in_order) {
  EXPECT_ARRIVES(std::stack<int>({1, 2, 3}));
  EXPECT_ARRIVES((std::stack<std::string, std::vector<std::string>>({"a", "b"})));
  EXPECT_ARRIVES(std::queue<std::string>({"a", "b", "c"}));
  EXPECT_ARRIVES(std::queue<int>{});
}

TEST(codec, a_priority_queue_arrives_and_gives_the_least_first_if_it_did) {
  std::priority_queue<int, std::vector<int>, std::greater<>> sent;
  for (const int number : {5, 1, 4, 1, 3})
    sent.push(number);
  auto arrived = there_and_back(sent);
  for (; !sent.empty(); sent.pop(), arrived.pop())
    EXPECT_EQ(arrived.top(), sent.top());
  EXPECT_TRUE(arrived.empty());
}

TEST(codec, a_priority_queue_whose_order_has_a_state_does_not_travel) {
  EXPECT_FALSE((travels<std::priority_queue<int, std::vector<int>, by_remainder>>));
}

TEST(codec, adaptors_of_what_does_not_travel_do_not_travel) {
  EXPECT_FALSE(travels<std::stack<int*>>);
  EXPECT_FALSE(travels<std::queue<void*>>);
}

TEST(codec, adaptors_own_what_their_container_owns) {
  const std::queue<double> queue(std::deque<double>(100));
  EXPECT_GE(detail::heap_bytes(queue), 800u);
}

TEST(codec, the_calendar_arrives) {
  const auto day = 2026y / std::chrono::November / 23d;
  EXPECT_ARRIVES(day);
  EXPECT_ARRIVES(2026y);
  EXPECT_ARRIVES(std::chrono::November);
  EXPECT_ARRIVES(23d);
  EXPECT_ARRIVES(std::chrono::Monday);
  EXPECT_ARRIVES(2026y / std::chrono::February / std::chrono::last);
  EXPECT_ARRIVES(2026y / std::chrono::November / std::chrono::Monday[4]);
  EXPECT_ARRIVES((std::vector{day, day}));
  EXPECT_ARRIVES((std::vector{2026y / std::chrono::February / std::chrono::last}));
  EXPECT_ARRIVES((std::map<std::chrono::year_month_day, double>{{day, 0.5}}));
}

TEST(structural_hash, of_calendar_types_of_one_size_differs) {
  EXPECT_NE(detail::shape_of<std::chrono::month>.hash, detail::shape_of<std::chrono::day>.hash);
  EXPECT_NE(detail::shape_of<std::bitset<8>>.hash, detail::shape_of<std::bitset<7>>.hash);
}

} // namespace
} // namespace weft
