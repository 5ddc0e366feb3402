#include "api/src/worker_channel.hpp"

#include <weft/errors.hpp>

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace weft::detail {

namespace {

void send_all(int socket, const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return; // the process has died: its end is noticed where it is waited for
    at += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

void receive_all(int socket, void* bytes, std::size_t size) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t received = recv(socket, at, size, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) throw connection_error("weft: the program that started this worker process is gone");
    at += received;
    size -= static_cast<std::size_t>(received);
  }
}

} // namespace

void send_orders(int lifeline, const worker_orders& orders) {
  const auto& key = orders.key.bytes();
  const std::int64_t shutdown_timeout = orders.shutdown_timeout.count();
  const auto name_size = static_cast<std::uint32_t>(orders.name.size());
  send_all(lifeline, key.data(), key.size());
  send_all(lifeline, &orders.threads, sizeof orders.threads);
  send_all(lifeline, &shutdown_timeout, sizeof shutdown_timeout);
  send_all(lifeline, &name_size, sizeof name_size);
  send_all(lifeline, orders.name.data(), name_size);
}

worker_orders receive_orders(int lifeline) {
  key_bytes key;
  std::uint32_t threads = 0;
  std::int64_t shutdown_timeout = 0;
  std::uint32_t name_size = 0;
  receive_all(lifeline, key.data(), key.size());
  receive_all(lifeline, &threads, sizeof threads);
  receive_all(lifeline, &shutdown_timeout, sizeof shutdown_timeout);
  receive_all(lifeline, &name_size, sizeof name_size);
  std::string name(name_size, '\0');
  receive_all(lifeline, name.data(), name.size());
  return {.key = cluster_key(key),
          .threads = threads,
          .shutdown_timeout = std::chrono::nanoseconds(shutdown_timeout),
          .name = std::move(name)};
}

bool send_signal(int lifeline, worker_signal signal) noexcept {
  const char byte = static_cast<char>(signal);
  return send(lifeline, &byte, 1, MSG_NOSIGNAL) == 1;
}

std::optional<worker_signal> receive_signal(int lifeline, int end_of_other) noexcept {
  pollfd waiting[] = {{.fd = lifeline, .events = POLLIN, .revents = 0},
                      {.fd = end_of_other, .events = POLLIN, .revents = 0}};
  while (poll(waiting, 2, -1) <= 0) {
  }
  if (waiting[0].revents == 0) return std::nullopt; // said first, gone then
  char byte = 0;
  ssize_t received = 0;
  do
    received = recv(lifeline, &byte, 1, 0);
  while (received < 0 && errno == EINTR);
  if (received != 1) return std::nullopt;
  return static_cast<worker_signal>(byte);
}

unique_descriptor end_of(pid_t process) noexcept {
  // The header of bookworm's glibc forgets that the function is C's.
  return unique_descriptor{static_cast<int>(syscall(SYS_pidfd_open, process, 0))};
}

// Its number cannot be another's while it is the parent.
unique_descriptor end_of_parent() noexcept {
  const pid_t parent = getppid();
  unique_descriptor its = end_of(parent);
  return getppid() == parent ? std::move(its) : unique_descriptor{};
}

} // namespace weft::detail
