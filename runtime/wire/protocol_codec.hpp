#pragma once

#include "runtime/holder/protocol.hpp"
#include "runtime/scheduler/protocol.hpp"
#include "runtime/wire/frame.hpp"
#include "runtime/worker/protocol.hpp"

#include <weft/detail/encoder.hpp>
#include <weft/detail/failure.hpp>
#include <weft/detail/shared_buffer.hpp>
#include <weft/ids.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

/// Events of the three roles as the payloads of batch frames.
///
/// An event is its number in the role's variant, then its members in the order of its WEFT_MEMBERS. Numbers
/// are variable-length; a task id is written as its distance from the one before it in the frame, because
/// they come in runs; strings, lists and bytes stand behind their length, what may be missing behind a flag.
/// There are no floating-point numbers. A function is told once on a connection, as a reference that means
/// the same in every process, and is a small number from then on; a module likewise.
///
/// What changes these bytes – an event, a member, an order – is a new protocol version (hello.hpp).
namespace weft::detail {

class function_registry;

/// What of a role's events may come from whom. A link decodes with one of these; anything else breaks the
/// protocol.
enum class event_source : std::uint8_t { client, worker, scheduler };

/// Turns one side's events into frames. One per connection and direction: it remembers what the peer was
/// told. For one thread at a time.
class batch_encoder {
 public:
  /// A frame is closed when its payload has grown to this many bytes. What arrives in one frame is freed as
  /// one.
  static constexpr std::size_t frame_bytes_enough = 256 << 10;
  /// The longest encoded event.
  static constexpr std::size_t event_bytes_max = frame_limits::control - frame_bytes_enough;
  /// The longest encoded body, which leaves room for the rest of its event. Larger arguments must be
  /// scattered.
  static constexpr std::size_t body_bytes_max = 16'500'000;
  static_assert(body_bytes_max < event_bytes_max);

  /// Called for an event that cannot be sent: its body could not be encoded, is too long, or its function
  /// means nothing elsewhere; `failure` says so. What it returns, if anything, is sent in its place.
  template <class Event>
  using refuse_function = std::function<std::optional<Event>(const Event& event, failure_ptr why)>;

  /// Values up to `inline_value_max` bytes go along; larger ones, and those that do not travel, are left out
  /// (null).
  explicit batch_encoder(function_registry& functions, std::uint64_t inline_value_max = 1024);

  /// Appends whole frames to `target`. The order of the events is kept.
  void encode(std::span<const scheduler_event> events, std::vector<std::byte>& target,
              const refuse_function<scheduler_event>& refuse);
  void encode(std::span<const worker_event> events, std::vector<std::byte>& target,
              const refuse_function<worker_event>& refuse);
  void encode(std::span<const holder_event> events, std::vector<std::byte>& target,
              const refuse_function<holder_event>& refuse);

 private:
  friend class event_writer;

  template <class Event>
  void encode_batch(std::span<const Event> events, std::vector<std::byte>& target,
                    const refuse_function<Event>& refuse);

  function_registry& functions_;
  std::uint64_t inline_value_max_;
  // The connection's numbers, by this process's, which are dense; 0 where none was given yet.
  struct told_numbers {
    std::vector<std::uint32_t> numbers;
    std::uint32_t last = 0;
  };
  told_numbers told_functions_;
  told_numbers told_modules_;
  // Of one body or value; kept for their memory.
  encoder body_bytes_;
  encoder value_bytes_;
};

/// Turns the other side's frames back into events. One per connection and direction. For one thread at a
/// time.
class batch_decoder {
 public:
  /// `peer`: who sends.
  batch_decoder(function_registry& functions, event_source peer);

  /// Appends the events of one batch frame's payload. Bodies and values stay bytes (encoded_body,
  /// encoded_value) and share one copy of the payload. Throws `decode_error` for what is malformed (also
  /// by well_formed.hpp) or not for this peer to say: then nothing is appended, and the connection is of no
  /// more use.
  void decode(byte_span payload, std::vector<scheduler_event>& events);
  void decode(byte_span payload, std::vector<worker_event>& events);
  void decode(byte_span payload, std::vector<holder_event>& events);

 private:
  friend class event_reader;

  template <class Event>
  void decode_batch(byte_span payload, std::vector<Event>& events);

  function_registry& functions_;
  event_source peer_;
  std::vector<function_id> function_ids_; // by the connection's number, less one
  std::vector<module_id> module_ids_;
};

} // namespace weft::detail
