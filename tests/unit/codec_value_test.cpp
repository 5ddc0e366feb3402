#include "runtime/services/encoded_value.hpp"

#include <weft/detail/typed_value.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <forward_list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace weft::detail {
namespace {

template <class T>
intrusive_ptr<encoded_value> sent(const T& value, std::string type_name = {}) {
  const auto object = make_value<T>(value);
  encoder to;
  object->encode(to); // may borrow from the object
  return make_intrusive<encoded_value>(to.flatten(), std::move(type_name));
}

struct twin_a {
  int x;
  std::string text;
};
struct twin_b {
  int y;
  std::string name;
};

struct counted {
  static inline std::atomic<int> decoded = 0;
  int number = 0;
};

struct no_codec {
  void* handle;
};

} // namespace
} // namespace weft::detail

template <>
struct weft::codec<weft::detail::counted> {
  static void encode(encoder& to, const detail::counted& value) { weft::encode(to, value.number); }
  static detail::counted decode(decoder& from) {
    ++detail::counted::decoded;
    return {weft::decode<int>(from)};
  }
};

namespace weft::detail {
namespace {

TEST(typed_value, holds_and_names_an_object) {
  const auto value = make_value<std::string>("text");
  EXPECT_EQ(value_as<std::string>(*value), "text");
  EXPECT_EQ(value->type_name(), "std::string");
  EXPECT_TRUE(value->travels());
}

TEST(typed_value, counts_the_memory_behind_the_object) {
  EXPECT_GE(make_value<std::vector<double>>(1000)->nbytes(), 8000u);
  EXPECT_GE(make_value<std::forward_list<double>>(100u)->nbytes(), 800u);
  EXPECT_GE(make_value<std::string>(1000, 'x')->nbytes(), 1000u);
  EXPECT_LT(make_value<std::string>("short")->nbytes(), 100u);
  EXPECT_GE((make_value<std::map<int, std::string>>(std::map<int, std::string>{{1, std::string(500, 'x')}})
                 ->nbytes()),
            500u);
  EXPECT_GE(make_value<std::vector<std::vector<char>>>(2, std::vector<char>(300))->nbytes(), 600u);
}

TEST(typed_value, of_another_type_is_refused_naming_both) {
  const auto value = make_value<std::string>("text");
  try {
    value_as<int>(*value);
    FAIL();
  } catch (const decode_error& error) {
    EXPECT_STREQ(error.what(), "weft: a int is expected here, but the value is a std::string");
  }
}

TEST(typed_value, without_a_codec_stays_in_the_process_and_says_why) {
  const auto value = make_value<std::vector<no_codec>>(2);
  EXPECT_FALSE(value->travels());
  EXPECT_EQ(value_as<std::vector<no_codec>>(*value).size(), 2u);
  encoder to;
  try {
    value->encode(to);
    FAIL();
  } catch (const cannot_travel& error) {
    EXPECT_NE(std::string(error.what()).find("because of the void* in them"), std::string::npos)
        << error.what();
  }
}

TEST(typed_value, that_can_only_be_moved_is_taken_out) {
  auto value = make_value<std::unique_ptr<int>>(std::make_unique<int>(5));
  EXPECT_EQ(*extract_value<std::unique_ptr<int>>(std::move(value)), 5);
}

TEST(encoded_value, is_decoded_by_whoever_knows_the_type) {
  const auto value = sent(std::vector<std::string>{"a", "b"});
  EXPECT_FALSE(value->decoded());
  EXPECT_EQ(value_as<std::vector<std::string>>(*value), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(value->decoded());
  EXPECT_EQ(value->type_name(), "std::vector<std::string, std::allocator<std::string > >");
}

TEST(encoded_value, shares_one_object) {
  const auto value = sent(std::string("text"));
  EXPECT_EQ(&value_as<std::string>(*value), &value_as<std::string>(*value));
}

TEST(encoded_value, is_decoded_once_however_many_threads_ask) {
  counted::decoded = 0;
  const auto value = sent(counted{3});
  std::vector<std::thread> threads;
  std::atomic<int> sum = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { sum += value_as<counted>(*value).number; });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(sum, 24);
  EXPECT_EQ(counted::decoded, 1);
}

TEST(encoded_value, can_be_sent_on_before_and_after_decoding) {
  const auto value = sent(std::vector<double>(1000, 2.5));
  for (int pass = 0; pass < 2; ++pass) {
    encoder to;
    value->encode(to);
    const auto again = make_intrusive<encoded_value>(to.flatten());
    EXPECT_EQ(value_as<std::vector<double>>(*again).back(), 2.5);
    value_as<std::vector<double>>(*value);
  }
}

TEST(encoded_value, that_is_being_sent_survives_its_decoding) {
  encoder to;
  {
    const auto value = sent(std::vector<double>(1000, 2.5));
    value->encode(to);                     // borrows the bytes
    value_as<std::vector<double>>(*value); // drops them
  }
  const auto again = make_intrusive<encoded_value>(to.flatten());
  EXPECT_EQ(value_as<std::vector<double>>(*again).front(), 2.5);
}

TEST(encoded_value, of_another_structure_is_refused_naming_both) {
  const auto value = sent(1, "int");
  try {
    value_as<std::string>(*value);
    FAIL();
  } catch (const decode_error& error) {
    EXPECT_STREQ(error.what(), "weft: a std::string is expected here, but the value is a int");
  }
}

TEST(encoded_value, can_be_read_as_each_type_of_its_structure) {
  const auto value = sent(twin_a{4, "four"});
  EXPECT_EQ(value_as<twin_a>(*value).text, "four");
  EXPECT_EQ(value_as<twin_b>(*value).name, "four");
  EXPECT_EQ(value_as<twin_b>(*value).y, 4);
  EXPECT_EQ(value_as<twin_a>(*value).x, 4);
}

TEST(encoded_value, with_bytes_left_over_is_refused) {
  encoder to;
  make_value<int>(1)->encode(to);
  to.write(std::uint8_t{0});
  const auto value = make_intrusive<encoded_value>(to.flatten());
  EXPECT_THROW(value_as<int>(*value), decode_error);
}

TEST(encoded_value, shorter_than_a_hash_is_refused) {
  EXPECT_THROW(encoded_value(shared_buffer::allocate(7)), decode_error);
}

} // namespace
} // namespace weft::detail
