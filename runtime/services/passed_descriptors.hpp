#pragma once

#include "runtime/services/descriptor.hpp"

#include <cstddef>
#include <deque>
#include <span>
#include <sys/socket.h>
#include <sys/types.h>

namespace weft::detail {

/// The most descriptors that may go along with one call of `send_with_descriptors`.
inline constexpr std::size_t descriptors_per_send_max = 250;

/// ::sendmsg, without blocking, over an AF_UNIX socket; the descriptors go along with the first byte that is
/// taken. They stay the caller's.
ssize_t send_with_descriptors(int socket, msghdr message, std::span<const int> descriptors) noexcept;

/// ::recvmsg, without blocking; descriptors that come along, in the order in which they were sent, are
/// appended to `into`. Fails with EMSGSIZE if the process cannot have as many descriptors as have come, or if
/// the peer has passed more than anybody waits for.
ssize_t receive_with_descriptors(int socket, msghdr message, std::deque<unique_descriptor>& into);

/// Whether descriptors can go over this socket.
bool can_pass_descriptors(int socket) noexcept;

} // namespace weft::detail
