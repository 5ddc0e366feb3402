// Values whose large blocks arrive in memory of their own.

#include "runtime/services/encoded_value.hpp"

#include <weft/detail/typed_value.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <stdexcept>

namespace weft::detail {
namespace {

// What a receiver makes of the bytes: these blocks apart, the rest together.
intrusive_ptr<encoded_value> apart(const encoder& bytes, const std::vector<block_place>& blocks) {
  const auto all = bytes.flatten();
  std::vector<std::byte> rest;
  std::vector<block_apart> parts;
  std::size_t done = 0;
  const auto copy_until = [&](std::size_t end) {
    rest.insert(rest.end(), all->data() + done, all->data() + end);
    done = end;
  };
  for (const auto& block : blocks) {
    copy_until(block.offset);
    auto storage = shared_buffer::allocate_storage(block.size);
    std::copy_n(all->data() + done, block.size, storage->data());
    parts.push_back({rest.size(), std::move(storage)});
    done += block.size;
  }
  copy_until(all->size());
  return make_intrusive<encoded_value>(shared_buffer::copy(rest), "", std::move(parts));
}

template <class T>
intrusive_ptr<encoded_value> sent(const T& value) {
  const auto object = make_value<T>(value);
  encoder to;
  object->encode(to);
  return apart(to, to.blocks(1));
}

struct table {
  std::string title;
  std::vector<std::vector<double>> columns;
  std::map<int, std::string> notes;
  std::vector<int> last;
  bool operator==(const table&) const = default;
};

struct stubborn {
  static inline bool fails = true;
  int number = 0;
};

struct large_and_stubborn {
  std::vector<int> large;
  stubborn behind;
};

struct alignas(64) wide {
  double lanes[8] = {};
  bool operator==(const wide&) const = default;
};

const std::vector<int> many(10'000, 5);

} // namespace
} // namespace weft::detail

template <>
struct weft::codec<weft::detail::stubborn> {
  static void encode(encoder& to, const detail::stubborn& value) { weft::encode(to, value.number); }
  static detail::stubborn decode(decoder& from) {
    if (detail::stubborn::fails) throw std::runtime_error("not now");
    return {weft::decode<int>(from)};
  }
};

namespace weft::detail {

TEST(blocks, of_an_encoder_are_what_is_taken_at_once_and_large_enough) {
  const std::vector<char> small(encoder::borrow_threshold), large(2 * encoder::borrow_threshold);
  encoder to;
  to.write(1);
  to.write_block(small.data(), small.size());
  to.write_shared({reinterpret_cast<const std::byte*>(large.data()), large.size()},
                  shared_buffer::allocate(1));
  to.write_block(large.data(), large.size());
  EXPECT_EQ(to.blocks(1),
            (std::vector<block_place>{{4, small.size()}, {4 + small.size() + large.size(), large.size()}}));
  EXPECT_EQ(to.blocks(small.size() + 1),
            (std::vector<block_place>{{4 + small.size() + large.size(), large.size()}}));
}

TEST(blocks, become_the_memory_of_the_vector_without_a_copy) {
  auto storage = shared_buffer::allocate_storage(many.size() * sizeof(int));
  const auto* const address = storage->data();
  std::copy_n(reinterpret_cast<const std::byte*>(many.data()), storage->size(), storage->data());
  encoder to;
  to.write(shape_of<std::vector<int>>.hash);
  to.write_size(many.size());
  std::vector<block_apart> parts;
  parts.push_back({16, std::move(storage)});
  const auto value = make_intrusive<encoded_value>(to.flatten(), "", std::move(parts));
  const auto& arrived = value_as<std::vector<int>>(*value);
  EXPECT_EQ(arrived, many);
  if (takes_storage<std::vector<int>>) {
    EXPECT_EQ(static_cast<const void*>(arrived.data()), address);
  }
  auto taken = std::move(const_cast<std::vector<int>&>(arrived));
  taken.push_back(6); // grows: what it came in is freed as any vector's memory is
  EXPECT_EQ(taken.back(), 6);
}

TEST(blocks, of_a_value_of_many_kinds_come_to_their_places) {
  const table original{
      std::string(20'000, 't'),
      {std::vector<double>(5'000, 1.5), {}, std::vector<double>(7, 2.5), std::vector<double>(9'000, 3.5)},
      {{1, std::string(30'000, 'n')}, {2, "short"}},
      many};
  const auto value = sent(original);
  EXPECT_GT(value->nbytes(), 200'000u);
  EXPECT_EQ(value_as<table>(*value), original);
}

TEST(blocks, whose_elements_need_more_alignment_are_copied) {
  const std::vector<wide> original(1'000, wide{{1, 2, 3}});
  const auto value = sent(original);
  EXPECT_EQ(value_as<std::vector<wide>>(*value), original);
}

TEST(blocks, of_an_array_are_read_where_they_lie) {
  auto original = std::array<double, 1'000>{};
  original.back() = 7;
  const auto value = sent(original);
  EXPECT_EQ((value_as<std::array<double, 1'000>>(*value)), original);
}

TEST(blocks, that_are_being_sent_on_are_copied_and_not_taken_away) {
  encoder to;
  {
    const auto value = sent(many);
    value->encode(to);
    auto arrived = std::move(const_cast<std::vector<int>&>(value_as<std::vector<int>>(*value)));
    std::fill(arrived.begin(), arrived.end(), 0);
  }
  const auto again = apart(to, to.blocks(1));
  EXPECT_EQ(to.blocks(1).size(), 1u) << "they stay blocks for the next receiver";
  EXPECT_EQ(value_as<std::vector<int>>(*again), many);
}

TEST(blocks, that_a_failed_decoding_has_taken_are_missed_in_words) {
  stubborn::fails = true;
  const auto value = sent(large_and_stubborn{many, {3}});
  EXPECT_THROW(value_as<large_and_stubborn>(*value), std::runtime_error);
  stubborn::fails = false;
  if (!takes_storage<std::vector<int>>) return;
  try {
    value_as<large_and_stubborn>(*value);
    FAIL() << "decoded bytes that are gone";
  } catch (const decode_error& error) {
    EXPECT_NE(std::string(error.what()).find("could not be decoded before"), std::string::npos);
  }
  encoder to;
  EXPECT_THROW(value->encode(to), decode_error);
}

TEST(blocks, that_do_not_end_where_they_should_are_refused) {
  encoder to;
  const auto object = make_value<std::vector<int>>(many);
  object->encode(to);
  const auto size = many.size() * sizeof(int);
  for (const auto& blocks :
       {std::vector<block_place>{{16, size - 4}}, std::vector<block_place>{{20, size - 4}},
        std::vector<block_place>{{16, size / 2}, {16 + size / 2, size / 2}},
        std::vector<block_place>{{12, 4}, {16, size}}})
    EXPECT_THROW(value_as<std::vector<int>>(*apart(to, blocks)), decode_error);
  EXPECT_THROW(value_as<std::vector<std::vector<double>>>(*apart(to, {{16, size}})), decode_error)
      << "another type";
}

TEST(blocks, out_of_place_are_refused) {
  const auto rest = shared_buffer::copy(std::vector<std::byte>(20));
  const auto at = [&](std::initializer_list<std::size_t> offsets) {
    std::vector<block_apart> parts;
    for (const auto offset : offsets)
      parts.push_back({offset, shared_buffer::allocate_storage(8)});
    return make_intrusive<encoded_value>(rest, "", std::move(parts));
  };
  EXPECT_NO_THROW(at({8, 8, 20}));
  EXPECT_THROW(at({7}), decode_error) << "in the middle of the hash";
  EXPECT_THROW(at({21}), decode_error);
  EXPECT_THROW(at({16, 12}), decode_error);
}

TEST(shared_buffer, gives_its_memory_to_a_sole_owner_only) {
  auto storage = shared_buffer::allocate_storage(100);
  {
    const buffer_ptr other = storage;
    EXPECT_EQ(storage->release_storage(), nullptr);
  }
  auto* const memory = storage->release_storage();
  ASSERT_NE(memory, nullptr);
  ::operator delete(memory);
  EXPECT_EQ(storage->size(), 0u);
  EXPECT_EQ(shared_buffer::allocate(100)->release_storage(), nullptr) << "its memory is a part of it";
}

} // namespace weft::detail
