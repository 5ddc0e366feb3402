#pragma once

#include "runtime/services/connection.hpp"
#include "runtime/services/endpoint.hpp"
#include "runtime/services/io_thread.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <memory>

namespace weft::detail {

/// Connects to a listener and says the hello.
class connector {
 public:
  struct settings {
    key_bytes key{};
    peer_description self;                   ///< says the purpose too
    std::chrono::milliseconds timeout{5000}; ///< for all together: look-up, connecting, hello, retries
    bool retry = false;                      ///< whether to try again until then when nobody is there yet
    bool insecure = false;                   ///< allows addresses that are not this machine's loopback
    bool same_machine = false;               ///< whether to try the listener's AF_UNIX socket first
    version_range versions = protocol_versions;
    std::string key_source = {}; ///< the key's file, for who is told that it is a wrong one; may be empty
  };

  /// Called once, on the io thread: with a connection and null, or with an empty one and the error, which is
  /// - `connection_error`: no such host, nobody there, another protocol, wrong key, refused (with the peer's
  /// sentence);
  /// - `timeout_error`: no answer in time;
  /// - `std::invalid_argument`: not loopback though not `insecure`.
  /// Each names the address.
  using finish_function = std::function<void(connection, std::exception_ptr)>;

  /// Begins to connect.
  connector(io_thread& io, const endpoint& to, settings how, finish_function finish);
  /// Says the hello on a socket that is connected already; `name` is what errors call it.
  connector(io_thread& io, unique_descriptor socket, std::string name, settings how, finish_function finish);
  /// Gives up, if it is not over. When it returns `finish` neither runs nor will run (but if it is `finish`
  /// itself that destroys the connector, which it may).
  ~connector();

  /// The same, waiting for it. Must not be called on the io thread. Throws what `finish` would be given.
  static connection connect(io_thread& io, const endpoint& to, settings how);
  static connection connect(io_thread& io, unique_descriptor socket, std::string name, settings how);

 private:
  class implementation;
  io_thread& io_;
  std::shared_ptr<implementation> implementation_;
};

} // namespace weft::detail
