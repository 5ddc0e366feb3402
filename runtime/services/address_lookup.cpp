#include "runtime/services/address_lookup.hpp"

#include <weft/errors.hpp>

#include <cstring>
#include <memory>

namespace weft::detail {

std::vector<socket_address> look_up(const endpoint& where, bool numbers_only) {
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

} // namespace weft::detail
