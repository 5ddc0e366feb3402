#pragma once

#include "runtime/services/descriptor.hpp"
#include "runtime/wire/hello.hpp"

#include <cstdint>
#include <string>

namespace weft::detail {

/// A connected, non-blocking socket whose hello is over: both sides have proved that they have the cluster's
/// key, and not a byte behind the hello has been read.
struct connection {
  unique_descriptor socket;
  peer_description peer;
  std::string told;          ///< the `extra` that this side gave the peer
  std::uint16_t version = 0; ///< of the protocol, agreed on by both sides
};

/// Switches off delays and makes the kernel notice within seconds when the other machine is gone or cut off.
/// Sockets that are not TCP are left as they are.
void set_connection_options(int socket) noexcept;

void set_nonblocking(int descriptor);

} // namespace weft::detail
