#include "runtime/wire/frame.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <gtest/gtest.h>

#include <limits>
#include <string>

using namespace weft;
using namespace weft::detail;

namespace {

std::string text_of(byte_span bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::byte> three_frames() {
  std::vector<std::byte> bytes;
  append_frame(bytes, frame_type::batch, as_bytes_of("alpha"), 3);
  append_frame(bytes, frame_type::ping, {});
  append_frame(bytes, frame_type::goodbye, as_bytes_of(std::string(100, 'z')));
  return bytes;
}

std::vector<std::string> frames_in(byte_span bytes, std::size_t chunk) {
  frame_parser parser;
  std::vector<std::string> found;
  while (!bytes.empty()) {
    auto part = bytes.first(std::min(chunk, bytes.size()));
    bytes = bytes.subspan(part.size());
    parser.receive(part, [&](frame_header header, byte_span payload) {
      found.push_back(std::string{to_string(header.type)} + "/" + std::to_string(header.lane) + ":" +
                      text_of(payload));
    });
  }
  EXPECT_EQ(parser.buffered(), 0u);
  return found;
}

std::array<std::byte, frame_header::size> header_bytes(std::initializer_list<int> bytes) {
  std::array<std::byte, frame_header::size> result{};
  std::ranges::transform(bytes, result.begin(), [](int byte) { return std::byte(byte); });
  return result;
}

} // namespace

TEST(frame_parser, finds_the_same_frames_however_the_stream_is_cut) {
  const std::vector<std::string> expected{"batch/3:alpha", "ping/0:", "goodbye/0:" + std::string(100, 'z')};
  auto bytes = three_frames();
  for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk)
    EXPECT_EQ(frames_in(bytes, chunk), expected) << "in chunks of " << chunk;
}

TEST(frame_parser, an_announced_length_uses_no_memory_before_the_bytes_are_there) {
  frame_parser parser;
  auto header = frame_header{.length = frame_limits::control}.encoded();
  parser.receive(header, [](frame_header, byte_span) { FAIL() << "no frame is complete"; });
  EXPECT_EQ(parser.buffered(), frame_header::size);
}

TEST(frame_parser, a_length_above_the_limit_is_refused_as_soon_as_the_header_is_there) {
  frame_parser parser{frame_limits::greeting};
  auto header = frame_header{.length = frame_limits::greeting + 1, .type = frame_type::greeting}.encoded();
  byte_span bytes{header};
  auto on_frame = [](frame_header, byte_span) { FAIL() << "no frame is complete"; };
  parser.receive(bytes.first(7), on_frame);
  EXPECT_THROW(parser.receive(bytes.subspan(7), on_frame), decode_error);
}

TEST(frame_header, unknown_types_and_reserved_bits_are_refused) {
  EXPECT_THROW(frame_header::decode(header_bytes({0, 0, 0, 0, 99, 0, 0, 0}), 100), decode_error);
  EXPECT_THROW(frame_header::decode(header_bytes({0, 0, 0, 0, 16, 0, 1, 0}), 100), decode_error);
  EXPECT_EQ(frame_header::decode(header_bytes({5, 0, 0, 0, 16, 2, 0, 0}), 100),
            (frame_header{.length = 5, .type = frame_type::batch, .lane = 2}));
}

TEST(frame_builder, a_frame_that_grew_too_long_is_taken_back) {
  std::vector<std::byte> bytes(3);
  frame_builder frame{bytes, frame_type::batch};
  std::vector<std::byte> large(frame_limits::control + 1);
  frame.payload().raw(large);
  EXPECT_THROW(frame.finish(), std::length_error);
  EXPECT_EQ(bytes.size(), 3u);
}

TEST(bytes, numbers_and_strings_come_back_as_they_were_written) {
  std::vector<std::byte> bytes;
  byte_writer writer{bytes};
  const std::uint64_t numbers[] = {0, 1, 127, 128, 300, 1u << 31, std::numeric_limits<std::uint64_t>::max()};
  for (auto number : numbers)
    writer.varint(number);
  writer.u8(200);
  writer.u16(60'000);
  writer.u32(4'000'000'000);
  writer.u64(std::numeric_limits<std::uint64_t>::max() - 1);
  writer.string("gr\xc3\xbc\xc3\x9f");
  byte_reader reader{bytes};
  for (auto number : numbers)
    EXPECT_EQ(reader.varint(), number);
  EXPECT_EQ(reader.u8(), 200);
  EXPECT_EQ(reader.u16(), 60'000);
  EXPECT_EQ(reader.u32(), 4'000'000'000);
  EXPECT_EQ(reader.u64(), std::numeric_limits<std::uint64_t>::max() - 1);
  EXPECT_EQ(reader.string(), "gr\xc3\xbc\xc3\x9f");
  EXPECT_NO_THROW(reader.expect_end());
}

TEST(bytes, every_truncation_is_an_error) {
  std::vector<std::byte> bytes;
  byte_writer writer{bytes};
  writer.varint(1'000'000);
  writer.u32(7);
  writer.string("weft");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    byte_reader reader{byte_span{bytes}.first(size)};
    EXPECT_THROW((reader.varint(), reader.u32(), reader.string()), decode_error) << size << " bytes";
  }
}

TEST(bytes, a_varint_of_more_than_64_bits_is_an_error) {
  std::vector<std::byte> bytes(9, std::byte{0xff});
  bytes.push_back(std::byte{0x02});
  EXPECT_THROW(byte_reader{bytes}.varint(), decode_error);
  bytes.back() = std::byte{0x01};
  EXPECT_EQ(byte_reader{bytes}.varint(), std::numeric_limits<std::uint64_t>::max());
}

TEST(bytes, a_count_of_elements_that_cannot_be_there_is_an_error) {
  std::vector<std::byte> bytes;
  byte_writer writer{bytes};
  writer.varint(3);
  writer.u64(0);
  EXPECT_EQ(byte_reader{bytes}.count(2), 3u);
  EXPECT_THROW(byte_reader{bytes}.count(4), decode_error);
}
