#include "runtime/services/passed_descriptors.hpp"

#include <array>
#include <cerrno>
#include <cstring>

namespace weft::detail {

namespace {

constexpr std::size_t kernel_max = 253; // SCM_MAX_FD
constexpr std::size_t waiting_max = 2 * kernel_max;

struct control_buffer {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(kernel_max * sizeof(int))> bytes;
};

} // namespace

ssize_t send_with_descriptors(int socket, msghdr message, std::span<const int> descriptors) noexcept {
  control_buffer control;
  if (!descriptors.empty()) {
    control.bytes = {};
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    auto* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t receive_with_descriptors(int socket, msghdr message, std::deque<unique_descriptor>& into) {
  control_buffer control;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const auto count = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) return count;
  for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const auto* const data = CMSG_DATA(header);
    for (std::size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, data + at, sizeof descriptor);
      into.emplace_back(descriptor);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) == 0 && into.size() <= waiting_max) return count;
  errno = EMSGSIZE;
  return -1;
}

bool can_pass_descriptors(int socket) noexcept {
  int family = 0;
  socklen_t length = sizeof family;
  return ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &length) == 0 && family == AF_UNIX;
}

} // namespace weft::detail
