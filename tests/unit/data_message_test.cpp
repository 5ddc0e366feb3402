#include "runtime/wire/data_message.hpp"

#include <weft/errors.hpp>

#include <gtest/gtest.h>

namespace weft::detail {
namespace {

data_message value_of(std::uint64_t length, std::vector<data_block> blocks) {
  data_message message;
  message.type = frame_type::value;
  message.number = 7;
  message.length = length;
  message.blocks = std::move(blocks);
  message.type_name = "std::vector<double>";
  return message;
}

data_message sent(const data_message& message) {
  std::vector<std::byte> bytes;
  append_data_message(bytes, message);
  data_message result;
  frame_parser{frame_limits::data}.receive(
      bytes, [&](frame_header header, byte_span payload) { result = read_data_message(header, payload); });
  return result;
}

} // namespace

TEST(data_message, tells_where_the_blocks_of_its_value_lie) {
  const auto message = value_of(1000, {{16, 100}, {116, 1, true}, {500, 500}});
  const auto arrived = sent(message);
  EXPECT_EQ(arrived.length, 1000u);
  EXPECT_EQ(arrived.blocks, message.blocks);
  EXPECT_EQ(arrived.type_name, message.type_name);
}

TEST(data_message, with_the_most_blocks_and_the_longest_name_fits_into_a_frame) {
  std::vector<data_block> blocks;
  for (std::uint64_t i = 0; i < data_message::blocks_max; ++i)
    blocks.push_back({i << 50, std::uint64_t{1} << 49});
  auto message = value_of(~std::uint64_t{0}, blocks);
  message.type_name.assign(100'000, 'x');
  EXPECT_EQ(sent(message).blocks, blocks);
}

TEST(data_message, with_a_block_that_is_no_part_of_its_value_is_refused) {
  constexpr auto most = ~std::uint64_t{0};
  EXPECT_THROW(sent(value_of(100, {{101, 1}})), decode_error);
  EXPECT_THROW(sent(value_of(100, {{50, 51}})), decode_error);
  EXPECT_THROW(sent(value_of(100, {{50, most}})), decode_error);
  EXPECT_THROW(sent(value_of(100, {{50, 0}})), decode_error);
  EXPECT_THROW(sent(value_of(100, {{50, 20}, {60, 10}})), decode_error) << "they overlap";
  EXPECT_THROW(sent(value_of(100, std::vector<data_block>(data_message::blocks_max + 1))), decode_error);
}

} // namespace weft::detail
