#pragma once

#include <weft/detail/intrusive_ptr.hpp>
#include <weft/detail/shared_buffer.hpp>
#include <weft/export.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weft::detail {

/// Where a run of bytes lies within others.
struct block_place {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const block_place&, const block_place&) noexcept = default;
};

/// Turns values into bytes: little-endian, sizes as 8 bytes. What it collects is a rope: small writes are
/// copied into chunks of its own, large blocks are only pointed at and go out from where they lie
/// (scatter-gather), so a 200 MB vector is never copied on its way to the socket. For one thread at a time.
class WEFT_API encoder {
 public:
  /// From this size on a block is borrowed instead of copied.
  static constexpr std::size_t borrow_threshold = 4096;
  /// How deep values of recursive types may nest; the decoder has the same limit.
  static constexpr unsigned depth_max = 64;

  encoder() noexcept;
  /// Takes at most `limit` bytes. Past that it drops what comes and says `overflowed()`: the cheap way to ask
  /// whether a value is small.
  explicit encoder(std::uint64_t limit) noexcept;
  encoder(const encoder&) = delete;
  encoder& operator=(const encoder&) = delete;
  encoder(encoder&& other) noexcept;
  encoder& operator=(encoder&& other) noexcept;
  ~encoder();

  // -- writing ----------------------------------------------------------------

  /// One integer, enum or floating-point number, as it lies in memory.
  template <class T>
  requires(std::is_arithmetic_v<T> || std::is_enum_v<T>) void write(T number) {
    write_bytes(&number, sizeof number);
  }

  /// A count of bytes or elements.
  void write_size(std::size_t size) { write(static_cast<std::uint64_t>(size)); }

  void write_string(std::string_view text) {
    write_size(text.size());
    write_bytes(text.data(), text.size());
  }

  /// A size and that many bytes, copied.
  void write_blob(array_view<const std::byte> bytes) {
    write_size(bytes.size());
    write_bytes(bytes.data(), bytes.size());
  }

  /// Copies `size` bytes, without their size.
  void write_bytes(const void* bytes, std::size_t size) {
    if (size > static_cast<std::size_t>(end_ - cursor_)) return write_beyond_chunk(bytes, size);
    if (size != 0) std::memcpy(cursor_, bytes, size);
    cursor_ += size;
  }

  /// Points at `size` bytes that outlive this encoder's use (they belong to the value being encoded); copies
  /// them if they are few, or if borrowing is not allowed just now (see `copying_scope`). Whoever decodes
  /// takes these bytes at once, so they may arrive in memory of their own (`blocks`).
  void write_block(const void* bytes, std::size_t size) {
    if (size < borrow_threshold || copying_) return write_bytes(bytes, size);
    borrow(bytes, size, true);
  }

  /// Points at bytes that somebody else encoded, part of a value; the encoder keeps `owner` alive.
  void write_shared(array_view<const std::byte> bytes, buffer_ptr owner);
  /// All of `owner`'s bytes, as write_block; the encoder keeps it alive, so it may be a temporary's.
  void write_shared_block(buffer_ptr owner);

  // -- observing --------------------------------------------------------------

  std::uint64_t size() const noexcept {
    return closed_size_ + static_cast<std::uint64_t>(cursor_ - segment_begin_);
  }
  bool overflowed() const noexcept { return overflowed_; }

  /// What was written, in order. The spans are valid until the next write, `clear` or the encoder's end.
  std::vector<array_view<const std::byte>> segments() const;
  /// Where among all that was written the blocks of at least `size_min` bytes lie, in order.
  std::vector<block_place> blocks(std::size_t size_min) const;
  /// The owner of the block there, if it was written with one.
  buffer_ptr owner_of(const block_place& block) const;
  /// All in one new block.
  intrusive_ptr<shared_buffer> flatten() const;
  /// All to `target`, which has room for size() bytes.
  void copy_to(std::byte* target) const noexcept;

  /// Empties it, keeping one chunk to write into.
  void clear() noexcept;

 private:
  friend class copying_scope;
  friend class encoder_depth;

  void write_beyond_chunk(const void* bytes, std::size_t size);
  void borrow(const void* bytes, std::size_t size, bool block, const shared_buffer* owner = nullptr);
  void close_segment();
  void open_chunk(std::size_t size);
  void overflow() noexcept;
  [[noreturn]] static void too_deep();

  struct rope;
  rope& own_rope();

  // The open segment is [segment_begin_, cursor_) and may grow to end_, the end of its chunk or of the limit.
  std::byte* cursor_ = nullptr;
  std::byte* end_ = nullptr;
  std::byte* segment_begin_ = nullptr;
  std::uint64_t closed_size_ = 0; // of the segments before the open one
  std::uint64_t limit_;
  rope* rope_ = nullptr; // closed segments and what holds their bytes; made with the first write
  unsigned depth_ = 0;
  bool copying_ = false;
  bool overflowed_ = false;
};

/// While it lives, blocks are copied: a user's own encode function may pass on temporaries.
class copying_scope {
 public:
  explicit copying_scope(encoder& to) noexcept : to_(to), before_(to.copying_) { to.copying_ = true; }
  ~copying_scope() { to_.copying_ = before_; }
  copying_scope(const copying_scope&) = delete;
  copying_scope& operator=(const copying_scope&) = delete;

 private:
  encoder& to_;
  bool before_;
};

/// Counts one level of nesting; throws weft::cannot_travel past `encoder::depth_max`.
class encoder_depth {
 public:
  explicit encoder_depth(encoder& to) : to_(to) {
    if (to.depth_ == encoder::depth_max) encoder::too_deep();
    ++to.depth_;
  }
  ~encoder_depth() { --to_.depth_; }
  encoder_depth(const encoder_depth&) = delete;
  encoder_depth& operator=(const encoder_depth&) = delete;

 private:
  encoder& to_;
};

} // namespace weft::detail

namespace weft {
using detail::encoder;
}
