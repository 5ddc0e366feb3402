#pragma once

#include "runtime/services/connection.hpp"
#include "runtime/services/endpoint.hpp"
#include "runtime/services/io_thread.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace weft::detail {

/// Accepts connections at a port and lets in who proves to have the cluster's key.
///
/// Strangers cost little: at most 64 KiB and `hello_timeout` each, at most `strangers_max` at once (the
/// oldest goes when one more comes: a member's hello takes less than a millisecond, so it is never the oldest
/// for long). Garbage, other protocols and silence are dropped and disturb nobody.
class listener {
 public:
  struct settings {
    key_bytes key{};
    peer_description self{}; ///< its purpose is set to what the caller asks for
    std::chrono::milliseconds hello_timeout{2000};
    std::size_t strangers_max = 256;
    bool insecure = false; ///< allows addresses that other machines reach
    /// Whether to listen at an AF_UNIX socket too, for connectors with the same wish: between processes of
    /// one machine it carries more than twice what TCP does. Where the name is taken there is TCP only.
    bool same_machine = false;
    version_range versions = protocol_versions;
  };

  /// All are called on the io thread.
  struct callbacks {
    /// Judges a peer that has proved itself: accepts it with what it is told as `extra`, or refuses it with a
    /// sentence. Accepted peers reach `connected`, unless the connection breaks first: then `dropped`.
    std::function<hello_verdict(const peer_description&)> decide;
    /// Takes a connection that `decide` accepted.
    std::function<void(connection)> connected;
    /// For the log, may be empty: a sentence about a connection that came to nothing.
    std::function<void(const std::string&)> dropped{};
  };

  /// Listens at once; port 0 picks a free one. Throws `connection_error` naming the address: in use, not this
  /// machine's; std::invalid_argument: not loopback though not `insecure`.
  listener(io_thread& io, const endpoint& where, settings how, callbacks calls);
  /// Closes.
  ~listener();

  /// Where it listens, with the real port.
  const endpoint& where() const noexcept;

  /// Plays the acceptor's part on a socket that is connected already, as one that a child process inherited.
  /// Thread-safe.
  void adopt(unique_descriptor socket);

  /// Stops listening and drops all whose hello is not over. When it returns no callback runs or will run.
  /// Thread-safe, idempotent.
  void close();

 private:
  class implementation;
  io_thread& io_;
  std::shared_ptr<implementation> implementation_;
};

} // namespace weft::detail
