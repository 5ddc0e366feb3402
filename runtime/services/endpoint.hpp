#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft::detail {

/// Where somebody listens: a host (name or number) and a TCP port.
struct endpoint {
  std::string host;
  std::uint16_t port = 0;

  /// Understands "host:port", "tcp://host:port", "[::1]:8786", "host" and ":port" (loopback). Where no port
  /// is given, `default_port` is taken; without one (0) the port must be there. Throws
  /// `std::invalid_argument` naming the text and what is wrong with it.
  static endpoint parse(std::string_view text, std::uint16_t default_port = 0);

  /// Whether only this machine can reach it: 127.0.0.0/8, ::1 or "localhost". A name is not looked up.
  bool is_loopback() const;

  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

/// "host:port", with brackets around an IPv6 number; what `parse` understands.
std::string to_string(const endpoint& where);

/// The numeric address of a connected or listening socket's own end, or its peer's. A socket that has none
/// (AF_UNIX) gives an empty host. Throws `std::system_error`.
endpoint local_endpoint(int socket);
endpoint remote_endpoint(int socket);

} // namespace weft::detail
