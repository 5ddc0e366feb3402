#pragma once

#include "runtime/services/asio.hpp"
#include "runtime/services/connection.hpp"
#include "runtime/wire/hello.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace weft::detail {

/// Carries a handshake over a socket, until it is done or a deadline passes. Lives on the io thread, keeps
/// itself alive while it waits, and reads not a byte more than the handshake wants.
class hello_session : public std::enable_shared_from_this<hello_session> {
 public:
  struct outcome {
    connection connected; ///< without a socket where it failed
    std::string error;    ///< why it failed: the end of a sentence that begins with the address
    bool timed_out = false;
  };
  using decide_function = std::function<hello_verdict(const peer_description&)>;
  using finish_function = std::function<void(outcome)>;

  hello_session(asio::io_context& context, unique_descriptor socket, handshake machine,
                std::chrono::milliseconds timeout, decide_function decide, finish_function finish);

  void start();
  /// Ends without calling `finish`.
  void cancel();

 private:
  void step();
  bool send_pending();
  void finish(std::string error, bool timed_out = false);
  void wait(asio::posix::stream_descriptor::wait_type what);

  asio::posix::stream_descriptor socket_;
  asio::steady_timer deadline_;
  handshake machine_;
  std::chrono::milliseconds timeout_;
  decide_function decide_;
  finish_function finish_;
  std::vector<std::byte> unsent_;
};

} // namespace weft::detail
