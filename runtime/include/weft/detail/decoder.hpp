#pragma once

#include <weft/detail/array_view.hpp>
#include <weft/detail/intrusive_ptr.hpp>
#include <weft/detail/shared_buffer.hpp>
#include <weft/export.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace weft::detail {

/// A large block of a value's bytes that lies in memory of its own.
struct block_apart {
  std::size_t offset = 0; ///< how many of the value's other bytes come before it
  intrusive_ptr<shared_buffer> bytes;
};

/// Reads what an encoder wrote. Trusts nothing: every size is checked against the bytes that are left before
/// any memory is taken for it, and the depth of nesting is limited. Throws weft::decode_error, in a sentence.
/// Keeps pointers into the bytes, which must outlive it. For one thread at a time.
class WEFT_API decoder {
 public:
  static constexpr unsigned depth_max = 64;

  explicit decoder(array_view<const std::byte> bytes) noexcept
      : cursor_(bytes.data()), run_end_(bytes.data() + bytes.size()), end_(run_end_) {}

  /// Of bytes some blocks of which lie apart, in order, their offsets not beyond `bytes`. A block is taken
  /// whole or the bytes are refused.
  decoder(array_view<const std::byte> bytes, array_view<const block_apart> blocks) noexcept;

  /// One integer, enum or floating-point number. A bool must be 0 or 1.
  template <class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) T read() {
    if constexpr (std::is_same_v<T, bool>) {
      const auto byte = read<std::uint8_t>();
      if (byte > 1) fail("a truth value is neither 0 nor 1");
      return byte == 1;
    } else {
      T number;
      read_bytes(&number, sizeof number);
      return number;
    }
  }

  /// A count of elements that take at least `element_size` bytes each (not 0): never more than are left.
  std::size_t read_size(std::size_t element_size = 1) {
    const auto size = read<std::uint64_t>();
    if (size > remaining() / element_size) fail_size(size);
    return static_cast<std::size_t>(size);
  }

  std::string read_string() {
    const auto text = read_blob();
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

  /// A size and that many bytes, where they lie.
  array_view<const std::byte> read_blob() { return take(read_size()); }

  void read_bytes(void* target, std::size_t size) {
    const auto source = take(size);
    if (size != 0) std::memcpy(target, source.data(), size);
  }

  /// The next `size` bytes, where they lie.
  array_view<const std::byte> take(std::size_t size) {
    if (size > static_cast<std::size_t>(run_end_ - cursor_)) return take_block(size);
    const auto* const begin = cursor_;
    cursor_ += size;
    return {begin, size};
  }

  /// The next `size` bytes as memory of ::operator new which now is the caller's: null, and nothing is taken,
  /// unless they are a block that lies apart and that nobody else reads.
  void* take_storage(std::size_t size) { return blocks_.empty() ? nullptr : take_block_storage(size); }

  /// The next `size` bytes as memory to keep: null, and nothing is taken, unless they are a block that lies
  /// apart.
  intrusive_ptr<shared_buffer> take_shared(std::size_t size) {
    return blocks_.empty() ? nullptr : take_shared_block(size);
  }

  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - cursor_) + bytes_apart_; }

  /// Throws if bytes are left over: they are a sign that both ends mean different things.
  void finish() const {
    if (remaining() != 0) fail_leftover();
  }

  /// Throws weft::decode_error: "weft: cannot decode: SENTENCE".
  [[noreturn]] static void fail(const char* sentence);

 private:
  friend class decoder_depth;

  [[noreturn]] static void fail_size(std::uint64_t size);
  [[noreturn]] void fail_short(std::size_t wanted) const;
  [[noreturn]] void fail_leftover() const;

  array_view<const std::byte> take_block(std::size_t size);
  void* take_block_storage(std::size_t size);
  intrusive_ptr<shared_buffer> take_shared_block(std::size_t size);
  bool is_next_block(std::size_t size) const noexcept;
  void skip_block(std::size_t size) noexcept;
  void begin_run() noexcept;

  const std::byte* cursor_;
  const std::byte* run_end_; // where the next block belongs, or the end
  const std::byte* end_;
  const std::byte* begin_ = nullptr;       // what the blocks' offsets count from
  array_view<const block_apart> blocks_{}; // that are still to come
  std::size_t bytes_apart_ = 0;            // in them
  unsigned depth_ = 0;
};

/// Counts one level of nesting; throws weft::decode_error past `decoder::depth_max`.
class decoder_depth {
 public:
  explicit decoder_depth(decoder& from) : from_(from) {
    if (from.depth_ == decoder::depth_max) decoder::fail("values are nested more than 64 deep");
    ++from.depth_;
  }
  ~decoder_depth() { --from_.depth_; }
  decoder_depth(const decoder_depth&) = delete;
  decoder_depth& operator=(const decoder_depth&) = delete;

 private:
  decoder& from_;
};

} // namespace weft::detail

namespace weft {
using detail::decoder;
}
