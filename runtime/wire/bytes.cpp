#include "runtime/wire/bytes.hpp"

#include <weft/errors.hpp>

#include <limits>

namespace weft::detail {

// -- byte_writer ---

void byte_writer::fixed(std::uint64_t number, unsigned width) {
  for (unsigned i = 0; i < width; ++i)
    target_.push_back(static_cast<std::byte>(number >> (8 * i)));
}

void byte_writer::varint(std::uint64_t number) {
  for (; number >= 0x80; number >>= 7)
    target_.push_back(static_cast<std::byte>(number | 0x80));
  target_.push_back(static_cast<std::byte>(number));
}

void byte_writer::bytes(byte_span bytes) {
  varint(bytes.size());
  raw(bytes);
}

// -- byte_reader ---

byte_span byte_reader::raw(std::uint64_t count) {
  if (count > rest_.size())
    throw decode_error("bytes cut short: " + std::to_string(count) + " announced, " +
                       std::to_string(rest_.size()) + " there");
  auto result = rest_.first(static_cast<std::size_t>(count));
  rest_ = rest_.subspan(result.size());
  return result;
}

std::uint64_t byte_reader::fixed(unsigned width) {
  auto bytes = raw(width);
  std::uint64_t number = 0;
  for (unsigned i = 0; i < width; ++i)
    number |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return number;
}

std::uint64_t byte_reader::varint() {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    auto byte = u8();
    if (shift == 63 && byte > 1) break;
    number |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return number;
  }
  throw decode_error("a number of more than 64 bits");
}

std::uint32_t byte_reader::varint32() {
  auto number = varint();
  if (number > std::numeric_limits<std::uint32_t>::max()) throw decode_error("a number of more than 32 bits");
  return static_cast<std::uint32_t>(number);
}

std::string byte_reader::string() {
  auto text = bytes();
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

std::size_t byte_reader::count(std::size_t element_bytes) {
  auto number = varint();
  if (number > rest_.size() / element_bytes)
    throw decode_error("a sequence of " + std::to_string(number) + " elements in " +
                       std::to_string(rest_.size()) + " bytes");
  return static_cast<std::size_t>(number);
}

void byte_reader::expect_end() const {
  if (!rest_.empty()) throw decode_error(std::to_string(rest_.size()) + " bytes too many");
}

} // namespace weft::detail
