#include "runtime/wire/data_message.hpp"

#include "runtime/wire/failure_codec.hpp"

#include <weft/errors.hpp>

#include <string>

namespace weft::detail {

namespace {

// So that 10 messages, type, key and worker fit into a frame of frame_limits::data bytes.
constexpr std::size_t failure_text_max = 4000;
constexpr std::size_t failure_messages_max = 10;
constexpr std::size_t type_name_max = 500;

// Each as its distance from the end of the one before and its size, doubled, one more if it is passed.
void write_blocks(byte_writer& payload, const std::vector<data_block>& blocks) {
  payload.varint(blocks.size());
  std::uint64_t end = 0;
  for (const auto& block : blocks) {
    payload.varint(block.offset - end);
    payload.varint(block.size << 1 | (block.passed ? 1 : 0));
    end = block.offset + block.size;
  }
}

std::vector<data_block> read_blocks(byte_reader& payload, std::uint64_t length) {
  const auto count = payload.varint();
  if (count > data_message::blocks_max)
    throw decode_error(std::to_string(count) + " blocks in a value, where at most " +
                       std::to_string(data_message::blocks_max) + " are allowed");
  std::vector<data_block> blocks;
  std::uint64_t end = 0;
  for (auto left = count; left > 0; --left) {
    const auto distance = payload.varint();
    if (distance > length - end) throw decode_error("a block that begins beyond its value's end");
    const auto offset = end + distance;
    const auto size_and_passed = payload.varint();
    const auto size = size_and_passed >> 1;
    if (size == 0 || size > length - offset)
      throw decode_error("a block that is empty or ends beyond its value's end");
    blocks.push_back({offset, size, (size_and_passed & 1) != 0});
    end = offset + size;
  }
  return blocks;
}

} // namespace

void append_data_message(std::vector<std::byte>& target, const data_message& message) {
  frame_builder frame{target, message.type};
  auto& payload = frame.payload();
  if (message.has_body()) payload.varint(message.length);
  if (message.type != frame_type::put_value) payload.varint(message.number);
  if (message.type == frame_type::request_value || message.type == frame_type::put_value) {
    payload.varint(message.worker.value);
    payload.u64(message.task.value);
  }
  if (message.has_body()) {
    write_blocks(payload, message.blocks);
    payload.string(std::string_view{message.type_name}.substr(0, type_name_max));
  }
  if (message.type == frame_type::value_refused)
    write_failure(payload, *message.failure, failure_text_max, failure_messages_max);
  frame.finish();
}

data_message read_data_message(const frame_header& header, byte_span payload) {
  if (header.type < frame_type::request_value || header.type > frame_type::put_value)
    throw decode_error("a " + std::string{to_string(header.type)} + " frame on a data connection");
  byte_reader reader{payload};
  data_message message;
  message.type = header.type;
  if (message.has_body()) message.length = reader.varint();
  if (message.type != frame_type::put_value) message.number = reader.varint();
  if (message.type == frame_type::request_value || message.type == frame_type::put_value) {
    message.worker = {reader.varint32()};
    message.task = {reader.u64()};
  }
  if (message.has_body()) {
    message.blocks = read_blocks(reader, message.length);
    message.type_name = reader.string();
  }
  if (message.type == frame_type::value_refused) message.failure = read_failure(reader);
  reader.expect_end();
  return message;
}

} // namespace weft::detail
