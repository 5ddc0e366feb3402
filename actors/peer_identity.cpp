#include "actors/peer_identity.hpp"

#include <weft/errors.hpp>

#include <array>
#include <charconv>
#include <unistd.h>

namespace weft::detail {

peer_description describe_self(peer_role role, std::string name, connection_purpose purpose) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  peer_description self;
  self.role = role;
  self.purpose = purpose;
  self.name = std::move(name);
  self.host = host.data();
  self.process = static_cast<std::uint32_t>(::getpid());
  return self;
}

std::string describe_peer(const peer_description& peer) {
  return " (process " + std::to_string(peer.process) + " on " + peer.host + ")";
}

std::string encode_identity(const peer_identity& identity) {
  return std::to_string(identity.id) + ' ' + identity.name;
}

peer_identity decode_identity(const std::string& extra) {
  peer_identity identity;
  const char* const end = extra.data() + extra.size();
  const auto [rest, error] = std::from_chars(extra.data(), end, identity.id);
  if (error != std::errc{} || rest == end || *rest != ' ' || identity.id == 0)
    throw decode_error("the scheduler gave this process no number");
  identity.name.assign(rest + 1, end);
  return identity;
}

} // namespace weft::detail
