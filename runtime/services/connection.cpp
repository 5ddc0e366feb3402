#include "runtime/services/connection.hpp"

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>

namespace weft::detail {

namespace {

// A kernel that has lost sight of its peer gives up after this long, whether data is on its way or not.
constexpr int silence_ms_max = 10'000;
constexpr int idle_seconds = 4;
constexpr int probe_interval_seconds = 2;
constexpr int probes = 3;

} // namespace

void set_connection_options(int socket) noexcept {
  // Failing only means that it is no TCP socket, or a kernel without the option: slower, not wrong.
  auto set = [socket](int level, int name, int value) {
    ::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, idle_seconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, probe_interval_seconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, probes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, silence_ms_max);
}

void set_nonblocking(int descriptor) {
  int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a socket non-blocking");
}

} // namespace weft::detail
