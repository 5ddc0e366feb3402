#pragma once

#include "actors/node.hpp"

#include <string>

namespace weft::detail {

/// A cluster whose scheduler is at an address that a user gave, with the key in `key_file` (empty: where keys
/// are). Throws std::invalid_argument, before it looks for the key, for what is no address to connect to and
/// for a number that is not loopback though not `insecure`; connection_error for the key.
cluster_address cluster_at(const std::string& address, const std::string& key_file, bool insecure);

} // namespace weft::detail
