#include "tests/unit/codec_round_trip.hpp"

#include <weft/codec.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <chrono>
#include <complex>
#include <deque>
#include <forward_list>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace weft {
namespace {

struct point {
  int x;
  double y;
  friend bool operator==(const point&, const point&) = default;
};

struct tree {
  int value = 0;
  std::vector<tree> children{};
  friend bool operator==(const tree&, const tree&) = default;
};

struct link {
  std::unique_ptr<link> next{};
};

struct everything {
  int numbers[3];
  char text[4];
  std::string name;
  point where;
  std::optional<point> maybe;
  std::map<std::string, std::vector<point>> groups;
  std::pair<int, std::string> pair;
  bool flag;
  friend bool operator==(const everything&, const everything&) = default;
};

struct constant_member {
  const int number;
  std::string text;
  friend bool operator==(const constant_member&, const constant_member&) = default;
};

/// As the files and messages of older programs have it.
struct fixed_record {
  int number;
  char name[200];
  double weights[3];
  char unit[56];
  friend bool operator==(const fixed_record&, const fixed_record&) = default;
};

class matrix {
 public:
  matrix() = default;
  explicit matrix(int rows) : rows_(rows), cells_(static_cast<std::size_t>(rows * rows), 0.5) {}
  friend bool operator==(const matrix&, const matrix&) = default;
  friend auto weft_fields(matrix& self) { return std::tie(self.rows_, self.cells_); }

 private:
  int rows_ = 0;
  std::vector<double> cells_;
};

class angle {
 public:
  static angle from_degrees(double degrees) { return angle(degrees); }
  double degrees() const { return degrees_; }
  friend bool operator==(const angle&, const angle&) = default;

 private:
  explicit angle(double degrees) : degrees_(degrees) {}
  double degrees_;
};

struct holder_of_pointer {
  std::vector<int*> pointers;
};

struct derived : point {
  int z;
};

/// An array by its parameters only.
template <class T, std::size_t Size>
struct corner {
  T x, y;
  friend bool operator==(const corner&, const corner&) = default;
};

enum class color : std::uint8_t { red, green };

} // namespace

template <>
struct codec<angle> {
  static void encode(encoder& to, const angle& value) {
    weft::encode(to, std::vector<double>(1000, value.degrees())); // a temporary: must be copied, not borrowed
  }
  static angle decode(decoder& from) {
    return angle::from_degrees(weft::decode<std::vector<double>>(from).front());
  }
};

namespace {

TEST(codec, scalars_arrive) {
  EXPECT_ARRIVES(-3);
  EXPECT_ARRIVES('c');
  EXPECT_ARRIVES(true);
  EXPECT_ARRIVES(std::uint64_t{1} << 63);
  EXPECT_ARRIVES(2.5f);
  EXPECT_ARRIVES(3.25L);
  EXPECT_ARRIVES(color::green);
  EXPECT_ARRIVES(std::byte{7});
  EXPECT_ARRIVES(std::chrono::milliseconds(-4));
  EXPECT_ARRIVES(nanoseconds(-4));
  EXPECT_ARRIVES(std::chrono::system_clock::time_point(std::chrono::seconds(5)));
  EXPECT_ARRIVES(std::complex<double>(1, -2));
}

TEST(codec, an_aggregate_of_two_that_is_no_array_arrives_field_by_field) {
  EXPECT_EQ((detail::kind_of<corner<int, 2>>), detail::codec_kind::aggregate);
  EXPECT_EQ((detail::kind_of<std::array<std::unique_ptr<int>, 2>>), detail::codec_kind::array);
  EXPECT_ARRIVES(corner<int, 2>{3, -4});
}

TEST(codec, doubles_arrive_bit_for_bit) {
  using limits = std::numeric_limits<double>;
  const auto odd_nan = std::bit_cast<double>(std::uint64_t{0x7ff8000000001234});
  const std::vector<double> sent{
      limits::infinity(), -limits::infinity(), odd_nan, -0.0, limits::denorm_min(), 1e-200};
  const auto arrived = there_and_back(sent);
  ASSERT_EQ(arrived.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(arrived[i]), std::bit_cast<std::uint64_t>(sent[i])) << i;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(there_and_back(sent[i])), std::bit_cast<std::uint64_t>(sent[i]))
        << i;
  }
}

TEST(codec, standard_containers_arrive) {
  EXPECT_ARRIVES(std::string("hello"));
  EXPECT_ARRIVES(std::u32string(U"h\u00e9"));
  EXPECT_ARRIVES(std::vector<int>{1, 2, 3});
  EXPECT_ARRIVES(std::vector<std::string>{"", "a"});
  EXPECT_ARRIVES(std::vector<bool>{true, false, true, true, false, false, false, true, true});
  EXPECT_ARRIVES(std::vector<std::vector<bool>>{{}, {true}});
  EXPECT_ARRIVES(std::vector<std::monostate>(4));
  EXPECT_ARRIVES(std::vector<std::complex<float>>{{1, 2}, {3, 4}});
  EXPECT_ARRIVES(std::array<int, 3>{1, 2, 3});
  EXPECT_ARRIVES(std::array<std::string, 2>{"a", "b"});
  EXPECT_ARRIVES(std::list<std::string>{"a", "b"});
  EXPECT_ARRIVES(std::deque<point>{{1, 2}, {3, 4}});
  EXPECT_ARRIVES(std::forward_list<std::string>{"a", "b", "c"});
  EXPECT_ARRIVES(std::forward_list<std::monostate>(3));
  EXPECT_ARRIVES(std::forward_list<int>{});
  EXPECT_ARRIVES(std::set<int>{3, 1});
  EXPECT_ARRIVES(std::multiset<int>{1, 1});
  EXPECT_ARRIVES(std::unordered_set<std::string>{"a", "b"});
  EXPECT_ARRIVES(std::map<int, std::string>{{1, "a"}, {2, "b"}});
  EXPECT_ARRIVES(std::multimap<int, int>{{1, 2}, {1, 3}});
  EXPECT_ARRIVES(std::unordered_map<std::string, point>{{"a", {1, 2}}});
  EXPECT_ARRIVES(std::map<std::monostate, std::monostate>{{{}, {}}});
}

TEST(codec, vocabulary_types_arrive) {
  using text_or_number = std::variant<int, std::string, std::monostate>;
  EXPECT_ARRIVES(std::pair<const int, std::string>{1, "x"});
  EXPECT_ARRIVES(std::tuple<int, double, std::string>{1, 2, "q"});
  EXPECT_ARRIVES(std::tuple<>{});
  EXPECT_ARRIVES(std::optional<std::string>{"x"});
  EXPECT_ARRIVES(std::optional<int>{});
  EXPECT_ARRIVES(text_or_number{"text"});
  EXPECT_ARRIVES(text_or_number{std::monostate{}});
  EXPECT_EQ(*there_and_back(std::make_unique<std::string>("owned")), "owned");
  EXPECT_EQ(there_and_back(std::unique_ptr<int>{}), nullptr);
}

TEST(codec, aggregates_arrive_without_boilerplate) {
  EXPECT_EQ(detail::field_count<fixed_record>, 4u);
  EXPECT_ARRIVES(fixed_record{7, "a name", {1, 2, 3}, "kg"});
  EXPECT_ARRIVES(point{1, 2});
  EXPECT_ARRIVES(std::vector<point>{{1, 2}, {3, 4}});
  EXPECT_ARRIVES(tree{1, {{2, {}}, {3, {{4, {}}}}}});
  EXPECT_ARRIVES(constant_member{4, "s"});
  EXPECT_ARRIVES(everything{
      {1, 2, 3}, {'a', 'b', 'c', 'd'}, "n", {1, 2}, point{3, 4}, {{"k", {{5, 6}}}}, {7, "p"}, true});
}

TEST(codec, a_class_with_one_function_of_its_own_arrives) {
  EXPECT_ARRIVES(matrix(40));
  EXPECT_ARRIVES(std::vector<matrix>{matrix(1), matrix(2)});
}

TEST(codec, a_class_with_a_codec_of_its_own_arrives_though_it_encodes_temporaries) {
  EXPECT_ARRIVES(angle::from_degrees(45));
  EXPECT_ARRIVES(std::vector<angle>(3, angle::from_degrees(45)));
  EXPECT_ARRIVES(std::optional<angle>(angle::from_degrees(1)));
}

TEST(codec, pointers_to_data_references_and_views_do_not_travel) {
  EXPECT_FALSE(travels<int*>);
  EXPECT_FALSE(travels<const char*>);
  EXPECT_FALSE(travels<std::nullptr_t>);
  EXPECT_FALSE(travels<std::string_view>);
  EXPECT_FALSE(travels<std::span<int>>);
  EXPECT_FALSE(travels<std::shared_ptr<int>>);
  EXPECT_FALSE(travels<std::unique_ptr<int[]>>);
  EXPECT_FALSE(travels<std::function<void()>>);
  EXPECT_FALSE(travels<holder_of_pointer>);
  EXPECT_FALSE((travels<std::map<int, std::vector<holder_of_pointer>>>));
  EXPECT_FALSE((travels<std::map<int, int, std::function<bool(int, int)>>>));
  EXPECT_FALSE(travels<derived>) << "structured bindings cannot see a base class and members at once";
  EXPECT_TRUE((travels<std::map<std::string, std::vector<tree>>>));
}

TEST(codec, a_container_of_pointers_or_views_borrows_and_a_class_that_holds_one_does_not) {
  EXPECT_TRUE(detail::shape_of<const char*>.borrows);
  EXPECT_TRUE(detail::shape_of<std::span<int>>.borrows);
  EXPECT_TRUE((detail::shape_of<std::map<int, std::vector<std::string_view>>>.borrows));
  EXPECT_FALSE(detail::shape_of<holder_of_pointer>.borrows) << "it may know whose the pointed to is";
  EXPECT_FALSE(detail::shape_of<std::vector<holder_of_pointer>>.borrows);
  EXPECT_FALSE(detail::shape_of<std::shared_ptr<int>>.borrows);
  EXPECT_FALSE(detail::shape_of<void (*)()>.borrows);
}

TEST(codec, the_innermost_obstacle_is_known) {
  EXPECT_EQ(detail::readable_name(*detail::shape_of<std::vector<holder_of_pointer>>.obstacle), "int*");
}

// -- structural hash -------------------------------------------------------------

template <class T>
constexpr std::uint64_t hash = detail::shape_of<T>.hash;

struct same_as_point {
  int a;
  double b;
};
struct point_turned_round {
  double y;
  int x;
};

TEST(structural_hash, equal_structures_have_equal_hashes) {
  EXPECT_EQ(hash<point>, hash<same_as_point>);
  EXPECT_EQ(hash<std::list<int>>, hash<std::forward_list<int>>);
}

TEST(structural_hash, different_structures_have_different_hashes) {
  const std::set<std::uint64_t> hashes{hash<int>,
                                       hash<unsigned>,
                                       hash<float>,
                                       hash<bool>,
                                       hash<std::int64_t>,
                                       hash<double>,
                                       hash<color>,
                                       hash<point>,
                                       hash<point_turned_round>,
                                       hash<std::vector<int>>,
                                       hash<std::list<int>>,
                                       hash<std::vector<std::vector<int>>>,
                                       hash<std::set<int>>,
                                       hash<std::map<int, int>>,
                                       hash<std::optional<int>>,
                                       hash<std::array<int, 2>>,
                                       hash<std::array<int, 3>>,
                                       hash<std::pair<int, int>>,
                                       hash<std::tuple<int, int, int>>,
                                       hash<std::variant<int, double>>,
                                       hash<std::variant<double, int>>,
                                       hash<std::chrono::seconds>,
                                       hash<std::chrono::milliseconds>,
                                       hash<tree>,
                                       hash<link>,
                                       hash<matrix>,
                                       hash<angle>,
                                       hash<std::string>,
                                       hash<std::u16string>};
  EXPECT_EQ(hashes.size(), 29u);
}

// -- damaged bytes ---------------------------------------------------------------

template <class T>
void expect_refused_wherever_it_is_cut(const T& value) {
  const auto whole = encoded(value);
  for (std::size_t size = 0; size < whole->size(); ++size)
    EXPECT_THROW(decoded<T>(whole->bytes().first(size)), decode_error) << size;
}

TEST(decoder, what_is_cut_short_is_refused) {
  expect_refused_wherever_it_is_cut(everything{
      {1, 2, 3}, {'a', 'b', 'c', 'd'}, "n", {1, 2}, point{3, 4}, {{"k", {{5, 6}}}}, {7, "p"}, true});
  expect_refused_wherever_it_is_cut(tree{1, {{2, {}}, {3, {{4, {}}}}}});
  expect_refused_wherever_it_is_cut(std::vector<bool>(19, true));
  expect_refused_wherever_it_is_cut(std::vector<std::monostate>(4));
  expect_refused_wherever_it_is_cut(std::variant<int, std::string>("abc"));
}

TEST(decoder, what_is_too_long_is_refused) {
  encoder to;
  encode(to, 1);
  encode(to, std::uint8_t{2});
  EXPECT_THROW(decoded<int>(to.flatten()->bytes()), decode_error);
}

template <class T>
void expect_size_refused() {
  for (const auto size :
       {~std::uint64_t{0}, std::uint64_t{1} << 61, std::uint64_t{1} << 40, std::uint64_t{100}}) {
    encoder to;
    to.write(size);
    to.write(std::uint64_t{0});
    EXPECT_THROW(decoded<T>(to.flatten()->bytes()), decode_error);
  }
}

TEST(decoder, a_size_beyond_the_bytes_left_is_refused_before_memory_is_taken) {
  expect_size_refused<std::string>();
  expect_size_refused<std::vector<double>>();
  expect_size_refused<std::vector<bool>>();
  expect_size_refused<std::vector<std::string>>();
  expect_size_refused<std::vector<std::monostate>>();
  expect_size_refused<std::list<int>>();
  expect_size_refused<std::forward_list<int>>();
  expect_size_refused<std::set<int>>();
  expect_size_refused<std::map<int, int>>();
  expect_size_refused<std::map<std::monostate, std::monostate>>();
}

TEST(decoder, a_truth_value_that_is_neither_is_refused) {
  const std::byte two{2};
  EXPECT_THROW(decoded<bool>({&two, 1}), decode_error);
  EXPECT_THROW(decoded<std::optional<int>>({&two, 1}), decode_error);
}

TEST(decoder, an_unknown_alternative_is_refused) {
  const std::byte bytes[]{std::byte{3}, std::byte{0}};
  EXPECT_THROW((decoded<std::variant<std::monostate, bool>>(bytes)), decode_error);
}

TEST(decoder, nesting_beyond_64_is_refused) {
  const std::vector<std::byte> chain(1000, std::byte{1}); // each byte: there is another link
  EXPECT_THROW(decoded<link>(chain), decode_error);
}

TEST(encoder, nesting_beyond_64_is_refused_at_the_sender_already) {
  link chain;
  auto* last = &chain;
  for (unsigned i = 1; i < encoder::depth_max; ++i)
    last = (last->next = std::make_unique<link>()).get();
  EXPECT_NO_THROW(encoded(chain));
  last->next = std::make_unique<link>();
  EXPECT_THROW(encoded(chain), cannot_travel);
}

// -- the rope ----------------------------------------------------------------------

TEST(encoder, large_blocks_are_borrowed_and_small_ones_copied) {
  const std::pair<std::string, std::vector<double>> value{"small", std::vector<double>(1000, 1.5)};
  encoder to;
  encode(to, value);
  encode(to, 7);
  const auto segments = to.segments();
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(static_cast<const void*>(segments[1].data()), value.second.data());
  EXPECT_EQ(segments[1].size(), 8000u);
  EXPECT_EQ(to.size(), 8u + 5u + 8u + 8000u + 4u);
  EXPECT_EQ(to.flatten()->size(), to.size());
}

TEST(encoder, many_small_writes_keep_their_order_across_chunks) {
  encoder to;
  for (int i = 0; i < 100'000; ++i)
    encode(to, i);
  const auto whole = to.flatten();
  decoder from(whole->bytes());
  for (int i = 0; i < 100'000; ++i)
    ASSERT_EQ(decode<int>(from), i);
  from.finish();
}

TEST(encoder, a_moved_encoder_keeps_what_was_written) {
  encoder first;
  encode(first, std::string("text"));
  encoder second(std::move(first));
  EXPECT_EQ(decoded<std::string>(second.flatten()->bytes()), "text");
}

TEST(encoder, a_cleared_encoder_starts_anew) {
  encoder to;
  encode(to, std::vector<double>(5000, 1.0));
  encode(to, 3);
  to.clear();
  EXPECT_EQ(to.size(), 0u);
  EXPECT_TRUE(to.segments().empty());
  encode(to, 4);
  EXPECT_EQ(decoded<int>(to.flatten()->bytes()), 4);
}

TEST(encoder, what_fits_the_limit_exactly_does_not_overflow) {
  encoder to(12);
  encode(to, std::string("abcd"));
  EXPECT_FALSE(to.overflowed());
  EXPECT_EQ(decoded<std::string>(to.flatten()->bytes()), "abcd");
}

TEST(encoder, past_the_limit_it_stops_and_says_so) {
  for (const auto& text : {std::string(13, 'x'), std::string(5000, 'x')}) {
    encoder to(20);
    encode(to, text);
    EXPECT_TRUE(to.overflowed());
    encode(to, 1);
    EXPECT_EQ(to.size(), 0u);
  }
  encoder to(1024);
  encode(to, std::vector<std::string>(100'000, "word"));
  EXPECT_TRUE(to.overflowed());
}

TEST(encoder, the_limit_counts_borrowed_blocks) {
  const std::string block(4096, 'x');
  encoder to(4096 + 8 + 2);
  encode(to, block);
  EXPECT_FALSE(to.overflowed());
  encode(to, std::uint32_t{1});
  EXPECT_TRUE(to.overflowed());
}

TEST(shared_buffer, is_aligned_for_vector_instructions) {
  for (const std::size_t size : {0, 1, 100, 1'000'000})
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(detail::shared_buffer::allocate(size)->data()) % 64, 0u);
}

} // namespace
} // namespace weft
