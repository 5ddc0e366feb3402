#pragma once

#include "runtime/services/asio.hpp"
#include "runtime/services/connection.hpp"
#include "runtime/services/encoding_thread.hpp"
#include "runtime/services/io_thread.hpp"
#include "runtime/services/passed_descriptors.hpp"
#include "runtime/wire/data_message.hpp"

#include <weft/detail/decoder.hpp>
#include <weft/detail/value.hpp>

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weft::detail {

class data_stream;

/// A value's bytes as they came: the large blocks each in memory of its own, the rest together.
struct received_body {
  intrusive_ptr<shared_buffer> rest;
  std::vector<block_apart> blocks;
};

/// Who is told what comes over data streams, on the io thread.
class data_stream_owner {
 public:
  virtual ~data_stream_owner() = default;
  /// A message has come, with its value if it is one that has any. Throws weft::decode_error if it breaks the
  /// protocol, which ends the connection.
  virtual void on_message(data_stream& from, data_message message, received_body body) = 0;
  /// The value of this message, which is a put_value, could not be encoded; nothing of it was sent.
  virtual void on_not_encoded(data_stream& to, const data_message& message, failure_ptr why) = 0;
  /// The connection is of no more use; `orderly` if the peer closed it between two messages. The last call
  /// for this stream, and never out of send() or close().
  virtual void on_closed(data_stream& which, const std::string& why, bool orderly) = 0;
};

/// Sends and receives messages and values over one data connection.
///
/// What waits to be sent is references to values, which become bytes when their turn comes: a slow peer costs
/// no memory. Large values go out from where they lie, and come in straight into the memory that the value
/// will keep. Between processes of one machine, blocks that lie in shareable memory are not sent at all:
/// their descriptors are. A turn moves at most 1 MiB each way, so that all connections of the io thread get
/// on. Lives on the io thread.
class data_stream : public std::enable_shared_from_this<data_stream> {
 public:
  /// `length_max`: of a value, in bytes. A longer one is neither sent (the peer is told why) nor received
  /// (the stream closes).
  data_stream(io_thread& io, encoding_thread& encoding, connection connected, data_stream_owner& owner,
              std::uint64_t length_max);

  /// Begins to receive.
  void start();
  /// Sends a message, and the value if the message is to be followed by one.
  void send(data_message message, value_ptr value = nullptr);
  /// Closes without a word to the owner. What was not sent is lost.
  void close();

  const peer_description& peer() const noexcept { return peer_; }
  /// Whether all that was given to send() has gone to the kernel.
  bool idle() const noexcept;

 private:
  struct outgoing {
    data_message message;
    value_ptr value;
  };
  // A value on its way out, and how much of it is gone.
  struct large_value {
    value_ptr value;
    encoder bytes;
    std::vector<std::span<const std::byte>> segments;
    std::size_t next = 0;
  };
  // A value on its way in.
  struct incoming {
    data_message message;
    received_body body;
    std::vector<std::span<std::byte>> rooms; // of it, in the order of the bytes, what is still to fill
    std::size_t next = 0;
  };

  void write_turn();
  void refill();
  void encode(outgoing item);
  void take_encoded(outgoing item, encoding_thread::result encoded);
  std::vector<data_block> choose_blocks(const encoder& bytes);
  std::size_t write_once(std::size_t limit);
  void consume(std::size_t count);
  void read_turn();
  std::size_t read_once(std::size_t limit);
  void take_input();
  void begin_body(data_message message);
  intrusive_ptr<shared_buffer> receive_block(const data_block& block);
  void fill(std::size_t count);
  void deliver_body();
  void wait(asio::posix::stream_descriptor::wait_type what, void (data_stream::*then)());
  void fail(const std::string& why, bool orderly = false);

  io_thread& io_;
  encoding_thread& encoding_;
  data_stream_owner* owner_;
  asio::posix::stream_descriptor socket_;
  peer_description peer_;
  std::uint64_t length_max_;
  const bool can_pass_;
  bool closed_ = false;

  // -- writing: small messages are gathered, then comes the large value behind them, if there is one ---
  std::deque<outgoing> queue_;
  std::vector<std::byte> gathered_;
  std::size_t gathered_sent_ = 0;
  large_value large_;
  std::vector<buffer_ptr> to_pass_; // whose descriptors go along with what is sent next
  bool encoding_one_ = false;       // the front of the queue is with the encoding thread
  bool writing_ = false;            // a turn runs or is waited for

  // -- reading ---
  std::vector<std::byte> input_; // [begin, end) of it holds bytes
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  incoming incoming_;
  std::deque<unique_descriptor> passed_; // that have come, for blocks of the next values
};

} // namespace weft::detail
