#pragma once

#include "runtime/services/endpoint.hpp"

#include <netdb.h>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace weft::detail {

/// A socket address as the system's calls take it.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const noexcept { return storage.ss_family; }
};

/// The addresses that a host's name or number stands for, in the order to try them. With `numbers_only` names
/// are not looked up, so that it cannot block, and a name gives none. But `localhost` is always this machine
/// (RFC 6761), though a bare system may not know the name. Throws `connection_error` naming the host.
std::vector<socket_address> look_up(const endpoint& where, bool numbers_only);

/// Throws std::invalid_argument if one of the addresses, which are those of `where`, is not of this machine's
/// loopback (127.0.0.0/8, ::1): the sentence says how to allow it.
void require_loopback(const endpoint& where, const std::vector<socket_address>& addresses);

/// The AF_UNIX address (abstract, without a file) at which a process that listens at this TCP address may be
/// reached from the same machine too. Like ports, such names belong to the network that the process sees: who
/// finds one is on the same machine and means the same port.
socket_address same_machine_address(const socket_address& tcp);

/// Whether the process at the other end of an AF_UNIX socket is of the same user as this one. Anybody may
/// take a name that is free, and pass on what he is told.
bool is_of_same_user(int socket) noexcept;

} // namespace weft::detail
