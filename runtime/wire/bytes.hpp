#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::detail {

using byte_span = std::span<const std::byte>;

/// A string's characters as bytes.
inline byte_span as_bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// Appends numbers and strings to a byte string, as frames carry them: little-endian, variable-length
/// integers of seven bits a byte, strings and byte strings behind their length.
class byte_writer {
 public:
  /// Keeps a reference to `target`, which must outlive the writer.
  explicit byte_writer(std::vector<std::byte>& target) noexcept : target_(target) {}

  void u8(std::uint8_t number) { target_.push_back(std::byte{number}); }
  void u16(std::uint16_t number) { fixed(number, 2); }
  void u32(std::uint32_t number) { fixed(number, 4); }
  void u64(std::uint64_t number) { fixed(number, 8); }
  void varint(std::uint64_t number);
  void raw(byte_span bytes) { target_.insert(target_.end(), bytes.begin(), bytes.end()); }
  void bytes(byte_span bytes);
  void string(std::string_view text) { bytes(as_bytes_of(text)); }

  /// Makes room for `count` bytes, which the caller fills before anything else is written.
  std::byte* extend(std::size_t count) {
    target_.resize(target_.size() + count);
    return target_.data() + target_.size() - count;
  }

 private:
  void fixed(std::uint64_t number, unsigned width);

  std::vector<std::byte>& target_;
};

/// Reads what a byte_writer wrote. Every length is checked against what is there, so that nothing is ever
/// allocated or read on the word of the sender alone. All members throw `decode_error` where bytes are
/// missing or malformed.
class byte_reader {
 public:
  /// The bytes must outlive the reader; it keeps no copy.
  explicit byte_reader(byte_span bytes) noexcept : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(fixed(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(fixed(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  std::uint64_t varint();
  /// A varint that must fit into 32 bits.
  std::uint32_t varint32();
  byte_span raw(std::uint64_t count);
  byte_span bytes() { return raw(varint()); }
  std::string string();
  /// The length of a sequence whose elements take at least `element_bytes` each; one that cannot be there is
  /// refused.
  std::size_t count(std::size_t element_bytes = 1);

  std::size_t remaining() const noexcept { return rest_.size(); }
  bool at_end() const noexcept { return rest_.empty(); }
  /// Throws if anything is left over.
  void expect_end() const;

 private:
  std::uint64_t fixed(unsigned width);

  byte_span rest_;
};

} // namespace weft::detail
