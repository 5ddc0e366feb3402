#include "runtime/services/cluster_key.hpp"

#include "runtime/services/descriptor.hpp"

#include <weft/errors.hpp>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace weft::detail {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw connection_error("the cluster's key, " + file.string() + ", " + why);
}

[[noreturn]] void raise_system_error(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Fills `bytes`, or stops at the end of the file. Returns how many were read.
std::size_t read_fully(int descriptor, std::span<std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    auto count = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) raise_system_error("cannot read the cluster's key");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void write_fully(int descriptor, byte_span bytes) {
  while (!bytes.empty()) {
    auto count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) raise_system_error("cannot write the cluster's key");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

// Makes the folders that are missing; those that Weft makes are for the user alone.
void make_folder(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  make_folder(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) < 0 && errno != EEXIST)
    raise_system_error("the folder " + folder.string());
}

std::filesystem::path path_in_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Written aside and linked into place: whoever sees the file sees all of it, and of several that make one at
// once the first wins, because a link never replaces.
void make_file(const std::filesystem::path& path, const key_bytes& bytes) {
  auto aside = path.string() + ".XXXXXX";
  unique_descriptor file{::mkostemp(aside.data(), O_CLOEXEC)}; // mode 0600
  if (!file) raise_system_error("a file beside it");
  try {
    write_fully(file.get(), bytes);
    if (::fsync(file.get()) < 0) raise_system_error("the file beside it");
    if (::link(aside.c_str(), path.c_str()) < 0 && errno != EEXIST) raise_system_error("a link to it");
  } catch (...) {
    ::unlink(aside.c_str());
    throw;
  }
  ::unlink(aside.c_str());
}

// Where the key is if nobody says otherwise; empty where there is no such place.
std::filesystem::path default_file() {
  // A relative XDG_CONFIG_HOME is to be ignored, says its specification.
  if (auto folder = path_in_variable("XDG_CONFIG_HOME"); folder.is_absolute())
    return folder / "weft" / "cluster.key";
  if (auto home = path_in_variable("HOME"); !home.empty()) return home / ".config" / "weft" / "cluster.key";
  return {};
}

} // namespace

cluster_key cluster_key::make_ephemeral() {
  return cluster_key{make_nonce()};
}

cluster_key cluster_key::read_file(const std::filesystem::path& path) {
  unique_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!file) refuse(path, "cannot be read: " + std::generic_category().message(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) < 0) raise_system_error("cannot examine " + path.string());
  if (!S_ISREG(status.st_mode)) refuse(path, "is not a regular file");
  if (status.st_uid != ::geteuid()) refuse(path, "belongs to another user");
  if ((status.st_mode & 077) != 0) refuse(path, "can be used by others: allow only its owner (chmod 600)");
  cluster_key key;
  if (static_cast<std::uint64_t>(status.st_size) != key.bytes_.size() ||
      read_fully(file.get(), key.bytes_) != key.bytes_.size())
    refuse(path, "has " + std::to_string(status.st_size) + " bytes, where a key has " +
                     std::to_string(key.bytes_.size()));
  return key;
}

cluster_key cluster_key::read_or_make_file(const std::filesystem::path& path) {
  if (::access(path.c_str(), F_OK) == 0) return read_file(path);
  const auto folder = std::filesystem::absolute(path).parent_path();
  try {
    if (path == default_file())
      make_folder(folder);
    else if (!std::filesystem::is_directory(folder))
      refuse(path, "cannot be made: there is no folder " + folder.string());
    make_file(path, make_ephemeral().bytes_);
  } catch (const std::system_error& error) {
    refuse(path, std::string("cannot be made: ") + error.what());
  }
  return read_file(path);
}

std::filesystem::path cluster_key::file_path(const std::optional<std::filesystem::path>& chosen) {
  if (chosen) return *chosen;
  if (auto file = path_in_variable("WEFT_KEY_FILE"); !file.empty()) return file;
  if (auto file = default_file(); !file.empty()) return file;
  throw connection_error("no cluster key: none of WEFT_KEY_FILE, XDG_CONFIG_HOME and HOME is set");
}

void cluster_key::write_to_descriptor(int descriptor) const {
  write_fully(descriptor, bytes_);
}

cluster_key cluster_key::read_from_descriptor(int descriptor) {
  cluster_key key;
  if (auto count = read_fully(descriptor, key.bytes_); count != key.bytes_.size())
    throw connection_error("the cluster's key was cut short: " + std::to_string(count) + " of " +
                           std::to_string(key.bytes_.size()) +
                           " bytes came through the inherited descriptor");
  return key;
}

cluster_key::~cluster_key() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

} // namespace weft::detail
