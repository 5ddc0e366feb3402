#pragma once

#include <weft/export.hpp>

#include <cstdint>
#include <string>

namespace weft {

struct scheduler_options {
  /// Where to listen; another address than this machine's own (127.0.0.1, ::1, localhost) needs `insecure`.
  std::string host = "127.0.0.1";
  /// 0: any that is free.
  std::uint16_t port = 8786;
  /// The file with the cluster's key; made if there is none. Empty: WEFT_KEY_FILE, else weft/cluster.key in
  /// the configuration folder.
  std::string key_file = {};
  /// What goes over the network is neither encrypted nor protected, only who connects is known.
  bool insecure = false;
};

/// A scheduler to which workers and clients of other processes connect: what `weft scheduler` runs.
/// Thread-safe.
class WEFT_API scheduler {
 public:
  /// Throws connection_error naming the address (in use, not this machine's) or the key's file;
  /// std::invalid_argument for an address that other machines reach though not `insecure`, and for an empty
  /// host.
  explicit scheduler(const scheduler_options& options = {});
  /// Ends it; workers and clients find it gone.
  ~scheduler();
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  /// "127.0.0.1:8786", with the real port.
  std::string address() const;

 private:
  struct implementation;
  implementation* implementation_;
};

} // namespace weft
