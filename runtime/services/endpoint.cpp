#include "runtime/services/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>

namespace weft::detail {

namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument("\"" + std::string{text} + "\" is not an address: " + why +
                              " (expected host:port, as in 127.0.0.1:8786)");
}

std::uint16_t parse_port(std::string_view text, std::string_view port) {
  std::uint16_t number = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size())
    refuse(text, "\"" + std::string{port} + "\" is not a port");
  return number;
}

endpoint from_socket(int socket, int (*name_of)(int, sockaddr*, socklen_t*), const char* what) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (name_of(socket, reinterpret_cast<sockaddr*>(&address), &length) < 0)
    throw std::system_error(errno, std::generic_category(), what);
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    return {::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text), ntohs(v4.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    return {::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text), ntohs(v6.sin6_port)};
  }
  return {};
}

} // namespace

endpoint endpoint::parse(std::string_view text, std::uint16_t default_port) {
  auto rest = text;
  if (auto scheme = rest.find("://"); scheme != rest.npos) {
    if (rest.substr(0, scheme) != "tcp")
      refuse(text, "\"" + std::string{rest.substr(0, scheme)} + "\" is not a known protocol");
    rest.remove_prefix(scheme + 3);
  }
  if (rest.empty()) refuse(text, "it is empty");
  endpoint result;
  if (rest.front() == '[') {
    auto close = rest.find(']');
    if (close == rest.npos) refuse(text, "a bracket is not closed");
    result.host = rest.substr(1, close - 1);
    in6_addr parsed;
    if (::inet_pton(AF_INET6, result.host.c_str(), &parsed) != 1)
      refuse(text, "\"" + result.host + "\" is not an IPv6 number");
    rest.remove_prefix(close + 1);
  } else {
    auto colon = rest.find(':');
    if (colon != rest.rfind(':')) refuse(text, "an IPv6 number needs brackets around it");
    result.host = rest.substr(0, colon);
    rest.remove_prefix(std::min(colon, rest.size()));
    if (result.host.empty()) result.host = "127.0.0.1";
  }
  if (std::ranges::any_of(result.host, [](unsigned char c) { return c <= ' ' || c == '/' || c == 0x7f; }))
    refuse(text, "a host's name has no spaces or slashes");
  if (!rest.empty() && rest.front() != ':') refuse(text, "a port begins with a colon");
  if (rest.empty() && default_port == 0) refuse(text, "the port is missing");
  result.port = rest.empty() ? default_port : parse_port(text, rest.substr(1));
  return result;
}

bool endpoint::is_loopback() const {
  if (host == "localhost") return true;
  in_addr v4;
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string to_string(const endpoint& where) {
  bool brackets = where.host.find(':') != std::string::npos;
  return (brackets ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

endpoint local_endpoint(int socket) {
  return from_socket(socket, ::getsockname, "getsockname");
}
endpoint remote_endpoint(int socket) {
  return from_socket(socket, ::getpeername, "getpeername");
}

} // namespace weft::detail
