#include "api/src/cluster_at.hpp"

#include "runtime/services/address_lookup.hpp"
#include "runtime/services/cluster_key.hpp"
#include "runtime/services/endpoint.hpp"

#include <stdexcept>

namespace weft::detail {

cluster_address cluster_at(const std::string& address, const std::string& key_file, bool insecure) {
  constexpr std::uint16_t default_port = 8786;
  const endpoint where = endpoint::parse(address, default_port);
  if (where.port == 0)
    throw std::invalid_argument("cannot connect to " + to_string(where) +
                                ": port 0 stands for any that is free; the scheduler says which it has");
  if (!insecure) require_loopback(where, look_up(where, true));
  std::optional<std::filesystem::path> chosen;
  if (!key_file.empty()) chosen = key_file;
  const auto file = cluster_key::file_path(chosen);
  return {.address = to_string(where),
          .socket = {},
          .key = cluster_key::read_file(file),
          .key_source = file.string(),
          .insecure = insecure};
}

} // namespace weft::detail
