#include "runtime/wire/frame.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace weft::detail {

std::string_view to_string(frame_type type) noexcept {
  switch (type) {
  case frame_type::greeting:
    return "greeting";
  case frame_type::proof:
    return "proof";
  case frame_type::refusal:
    return "refusal";
  case frame_type::batch:
    return "batch";
  case frame_type::credit:
    return "credit";
  case frame_type::ping:
    return "ping";
  case frame_type::pong:
    return "pong";
  case frame_type::goodbye:
    return "goodbye";
  case frame_type::request_value:
    return "request_value";
  case frame_type::value:
    return "value";
  case frame_type::value_moved:
    return "value_moved";
  case frame_type::value_refused:
    return "value_refused";
  case frame_type::put_value:
    return "put_value";
  }
  return "";
}

bool is_known(frame_type type) noexcept {
  return !to_string(type).empty();
}

// -- frame_header ---

std::array<std::byte, frame_header::size> frame_header::encoded() const noexcept {
  std::array<std::byte, size> bytes{};
  for (unsigned i = 0; i < 4; ++i)
    bytes[i] = static_cast<std::byte>(length >> (8 * i));
  bytes[4] = static_cast<std::byte>(type);
  bytes[5] = static_cast<std::byte>(lane);
  return bytes;
}

frame_header frame_header::decode(std::span<const std::byte, size> bytes, std::uint32_t length_max) {
  byte_reader reader{bytes};
  frame_header header;
  header.length = reader.u32();
  header.type = static_cast<frame_type>(reader.u8());
  header.lane = reader.u8();
  if (!is_known(header.type))
    throw decode_error("a frame of unknown type " + std::to_string(int(header.type)));
  if (reader.u16() != 0) throw decode_error("a frame header with reserved bits set");
  if (header.length > length_max)
    throw decode_error("a " + std::string{to_string(header.type)} + " frame of " +
                       std::to_string(header.length) + " bytes, where at most " + std::to_string(length_max) +
                       " are allowed");
  return header;
}

void append_frame(std::vector<std::byte>& target, frame_type type, byte_span payload, std::uint8_t lane) {
  frame_builder frame{target, type, lane};
  frame.payload().raw(payload);
  frame.finish();
}

// -- frame_builder ---

frame_builder::frame_builder(std::vector<std::byte>& target, frame_type type, std::uint8_t lane)
    : target_(target), writer_(target), start_(target.size()), type_(type), lane_(lane) {
  target_.resize(start_ + frame_header::size);
}

void frame_builder::finish() {
  if (payload_size() > frame_limits::control) {
    auto size = payload_size();
    target_.resize(start_);
    throw std::length_error("a frame of " + std::to_string(size) + " bytes, where at most " +
                            std::to_string(frame_limits::control) + " are allowed");
  }
  auto header =
      frame_header{.length = static_cast<std::uint32_t>(payload_size()), .type = type_, .lane = lane_}
          .encoded();
  std::ranges::copy(header, target_.begin() + static_cast<std::ptrdiff_t>(start_));
}

// -- frame_parser ---

namespace {

constexpr std::size_t capacity_kept_max = 1 << 20;

} // namespace

// Takes the first frame off `bytes`, if it is complete.
std::optional<frame_parser::frame> frame_parser::cut(byte_span& bytes) const {
  if (bytes.size() < frame_header::size) return std::nullopt;
  auto header = frame_header::decode(bytes.first<frame_header::size>(), length_max_);
  if (bytes.size() - frame_header::size < header.length) return std::nullopt;
  frame result{header, bytes.subspan(frame_header::size, header.length)};
  bytes = bytes.subspan(frame_header::size + header.length);
  return result;
}

// Moves from `bytes` what the pending frame lacks: first of its header, then of its payload. Returns the
// rest.
byte_span frame_parser::complete_pending(byte_span bytes) {
  auto take_up_to = [&](std::size_t size) {
    auto count = std::min(bytes.size(), size - std::min(size, pending_.size()));
    pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
  };
  take_up_to(frame_header::size);
  if (pending_.size() < frame_header::size) return bytes;
  auto header = frame_header::decode(byte_span{pending_}.first<frame_header::size>(), length_max_);
  take_up_to(frame_header::size + header.length);
  return bytes;
}

// The pending frame, once it is complete.
std::optional<frame_parser::frame> frame_parser::take_pending() {
  byte_span bytes{pending_};
  auto result = cut(bytes);
  if (!result) return std::nullopt;
  // The payload stays where it is while the next bytes are gathered in the other buffer.
  taken_.swap(pending_);
  if (pending_.capacity() > capacity_kept_max) pending_ = {};
  pending_.clear();
  return result;
}

} // namespace weft::detail
