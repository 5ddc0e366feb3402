#pragma once

#include "runtime/wire/hello.hpp"

#include <cstdint>
#include <string>

namespace weft::detail {

/// This process, as it presents itself in a hello.
peer_description describe_self(peer_role role, std::string name,
                               connection_purpose purpose = connection_purpose::control);

/// " (process 4711 on host)", for the log.
std::string describe_peer(const peer_description& peer);

/// What a scheduler tells those it lets in: their number and their name in the cluster.
struct peer_identity {
  std::uint32_t id = 0;
  std::string name;
};

/// As a hello's `extra`.
std::string encode_identity(const peer_identity& identity);
/// Throws decode_error if it is none.
peer_identity decode_identity(const std::string& extra);

} // namespace weft::detail
