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
/// are not looked up, so that it cannot block, and a name gives none. Throws `connection_error` naming the
/// host.
std::vector<socket_address> look_up(const endpoint& where, bool numbers_only);

} // namespace weft::detail
