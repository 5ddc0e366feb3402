#pragma once

#include "runtime/wire/hello.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace weft::detail {

/// The secret that makes a process a member of a cluster: 32 random bytes, proved in the hello and never
/// sent.
///
/// It lives in a file that only its owner can read, or passes to worker processes through an inherited
/// descriptor: never on a command line or in an environment variable, where others could see it. Wiped from
/// memory on destruction.
class cluster_key {
 public:
  /// Fresh random bytes: a local cluster's own key, which no file ever holds.
  static cluster_key make_ephemeral();

  /// Reads the key's file. Throws `connection_error` naming the file if it is missing, of another size, not a
  /// regular file, not the user's own, or readable or writable by anybody else.
  static cluster_key read_file(const std::filesystem::path& file);

  /// Reads the key's file, or makes it (0600) if there is none, as the first scheduler does; folders (0700)
  /// only where the file is if nobody says otherwise. Several processes may call it at once: all get the same
  /// key. Throws as `read_file` does, also where it cannot be made, naming the folder that is not there.
  static cluster_key read_or_make_file(const std::filesystem::path& file);

  /// Where the key is: `chosen` if given (a --key-file), else WEFT_KEY_FILE, else weft/cluster.key in
  /// XDG_CONFIG_HOME or ~/.config. Throws `connection_error` if there is no home either.
  static std::filesystem::path file_path(const std::optional<std::filesystem::path>& chosen = std::nullopt);

  /// Hands the key to another process through a pipe or socket. Throws `std::system_error`.
  void write_to_descriptor(int descriptor) const;
  /// Waits for exactly one key. Throws `connection_error` if the descriptor ends before.
  static cluster_key read_from_descriptor(int descriptor);

  explicit cluster_key(const key_bytes& bytes) noexcept : bytes_(bytes) {}
  cluster_key(const cluster_key&) noexcept = default;
  cluster_key& operator=(const cluster_key&) noexcept = default;
  ~cluster_key();

  const key_bytes& bytes() const noexcept { return bytes_; }
  friend bool operator==(const cluster_key&, const cluster_key&) noexcept = default;

 private:
  cluster_key() noexcept = default;

  key_bytes bytes_{};
};

} // namespace weft::detail
