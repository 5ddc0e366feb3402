#pragma once

#include "runtime/wire/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace weft::detail {

/// What a frame is. Numbers travel: append, never reorder.
enum class frame_type : std::uint8_t {
  // -- the hello, in this order (hello.hpp) ---
  greeting = 1, ///< either side: magic, versions, role, nonce
  proof = 2,    ///< either side: proof of the key over all said so far, and who one is
  refusal = 3,  ///< a sentence; the connection closes behind it

  // -- a control connection ---
  batch = 16,   ///< events of one role (protocol_codec.hpp)
  credit = 17,  ///< how much more the sender of this frame is ready to take
  ping = 18,    ///< asks for a pong, so that silence means trouble
  pong = 19,    ///< answers a ping
  goodbye = 20, ///< the sender leaves on purpose; a sentence says why

  // -- a data connection (transfer.hpp) ---
  request_value = 32, ///< who asks for which task's value
  value = 33,         ///< an answer; the value's bytes follow the frame
  value_moved = 34,   ///< an answer: not here any more, ask the scheduler
  value_refused = 35, ///< an answer: the value cannot travel; why
  put_value = 36,     ///< a value that nobody asked for (scatter); its bytes follow the frame
};

/// Whether the number stands for a frame type of this protocol.
bool is_known(frame_type type) noexcept;
std::string_view to_string(frame_type type) noexcept;

/// What precedes each frame's payload: eight bytes, little-endian: length (4), type (1), lane (1), reserved
/// (2, zero).
struct frame_header {
  static constexpr std::size_t size = 8;

  std::uint32_t length = 0; ///< of the payload, in bytes, without this header
  frame_type type = frame_type::batch;
  std::uint8_t lane = 0; ///< several flows with credit of their own may share a connection

  std::array<std::byte, size> encoded() const noexcept;
  /// Throws `decode_error` for an unknown type, a reserved bit that is set, or a length above `length_max`.
  static frame_header decode(std::span<const std::byte, size> bytes, std::uint32_t length_max);

  friend bool operator==(const frame_header&, const frame_header&) noexcept = default;
};

/// The largest payloads, in bytes. A value's own bytes follow its frame and are counted in 64 bits.
struct frame_limits {
  static constexpr std::uint32_t greeting = 4 << 10; ///< the first frame of a stranger
  static constexpr std::uint32_t proof = 60 << 10;   ///< the second: together below 64 KiB
  static constexpr std::uint32_t refusal = 4 << 10;
  static constexpr std::uint32_t control = 16 << 20;
  static constexpr std::uint32_t data = 64 << 10; ///< what precedes a value's bytes
};

/// Appends a whole frame.
void append_frame(std::vector<std::byte>& target, frame_type type, byte_span payload, std::uint8_t lane = 0);

/// Writes a frame in place: the header first, its length when the payload is complete. For batches, which are
/// large and should not be copied once more.
class frame_builder {
 public:
  frame_builder(std::vector<std::byte>& target, frame_type type, std::uint8_t lane = 0);
  /// Where the payload goes.
  byte_writer& payload() noexcept { return writer_; }
  std::size_t payload_size() const noexcept { return target_.size() - start_ - frame_header::size; }
  /// Completes the header. Throws `std::length_error` if the payload is longer than a control frame may be,
  /// and takes the frame back.
  void finish();

 private:
  std::vector<std::byte>& target_;
  byte_writer writer_;
  std::size_t start_;
  frame_type type_;
  std::uint8_t lane_;
};

/// Cuts a stream of bytes into frames. Memory is used for what has arrived, never for what was announced.
class frame_parser {
 public:
  explicit frame_parser(std::uint32_t length_max = frame_limits::control) noexcept
      : length_max_(length_max) {}

  /// Takes what has arrived. `on_frame(header, payload)` is called for each frame that is complete; the
  /// payload is valid during the call only. Throws `decode_error` for what cannot be a frame; the parser is
  /// then of no more use.
  template <class OnFrame>
  void receive(byte_span bytes, OnFrame&& on_frame) {
    // What is whole in `bytes` is passed on without a copy; only a frame cut in two is put together here.
    if (!pending_.empty()) bytes = complete_pending(bytes);
    if (auto next = take_pending()) on_frame(next->header, next->payload);
    if (!pending_.empty()) return;
    while (auto next = cut(bytes))
      on_frame(next->header, next->payload);
    pending_.assign(bytes.begin(), bytes.end());
  }

  /// Bytes held of a frame that is not complete yet.
  std::size_t buffered() const noexcept { return pending_.size(); }

 private:
  struct frame {
    frame_header header;
    byte_span payload;
  };

  std::optional<frame> cut(byte_span& bytes) const;
  byte_span complete_pending(byte_span bytes);
  std::optional<frame> take_pending();

  std::uint32_t length_max_;
  std::vector<std::byte> pending_; // the beginning of a frame
  std::vector<std::byte> taken_;   // the last one put together, which its payload points into
};

} // namespace weft::detail
