#include "runtime/services/address_lookup.hpp"

#include <weft/errors.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/un.h>
#include <unistd.h>

namespace weft::detail {

namespace {

bool is_loopback(const socket_address& address) {
  if (address.family() == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr);
  return ntohl(reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr.s_addr) >> 24 == 127;
}

} // namespace

std::vector<socket_address> look_up(const endpoint& where, bool numbers_only) {
  if (where.host == "localhost") {
    auto result = look_up({"::1", where.port}, true);
    const auto last = look_up({"127.0.0.1", where.port}, true);
    result.insert(result.end(), last.begin(), last.end());
    return result;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (numbers_only ? AI_NUMERICHOST : 0);
  addrinfo* found = nullptr;
  int error = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};
  if (error == EAI_NONAME && numbers_only) return {};
  if (error != 0)
    throw connection_error("cannot find " + where.host + " (of " + to_string(where) +
                           "): " + ::gai_strerror(error));
  std::vector<socket_address> result;
  for (auto* entry = found; entry; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    auto& address = result.emplace_back();
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
  }
  return result;
}

void require_loopback(const endpoint& where, const std::vector<socket_address>& addresses) {
  for (const auto& address : addresses)
    if (!is_loopback(address))
      throw std::invalid_argument("cannot connect to " + to_string(where) +
                                  ": it is not on this machine, and nothing is encrypted on the way; only "
                                  "loopback is allowed (or say --insecure; in a program: .insecure = true)");
}

socket_address same_machine_address(const socket_address& tcp) {
  char host[NI_MAXHOST] = {}, port[NI_MAXSERV] = {};
  const int error = ::getnameinfo(tcp.get(), tcp.length, host, sizeof host, port, sizeof port,
                                  NI_NUMERICHOST | NI_NUMERICSERV);
  if (error != 0) throw connection_error(std::string{"cannot name an address: "} + ::gai_strerror(error));
  const auto name = "weft " + std::string{host} + " " + port;
  socket_address result;
  auto& address = reinterpret_cast<sockaddr_un&>(result.storage);
  if (name.size() >= sizeof address.sun_path) throw connection_error("too long for a name: " + name);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size()); // behind a zero, which means: abstract
  result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return result;
}

bool is_of_same_user(int socket) noexcept {
  ucred peer{};
  socklen_t length = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == ::geteuid();
}

} // namespace weft::detail
