#pragma once

#include "runtime/services/cluster_key.hpp"
#include "runtime/services/descriptor.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

/// What a program and a worker process that it started say to each other besides Weft's protocol, over a
/// socket that the process inherits. Its end of file is how each learns of the other's death, whoever killed
/// it; and since a child that either has forked may hold the socket open, the end of the process itself is.
namespace weft::detail {

/// Which descriptors a worker process inherits, and the variable that says that it is one.
inline constexpr int inherited_control_descriptor = 3;
inline constexpr int inherited_lifeline_descriptor = 4;
inline constexpr const char* worker_marker = "WEFT_WORKER_PROCESS";

/// What the program tells the process first.
struct worker_orders {
  cluster_key key;
  std::uint32_t threads = 1;
  /// How long it waits for tasks that run when it has to end; then it says which they are, and ends.
  std::chrono::nanoseconds shutdown_timeout{0};
  std::string name;
};

void send_orders(int lifeline, const worker_orders& orders);
/// Throws connection_error if the other end closes before.
worker_orders receive_orders(int lifeline);

/// From the process: it has joined. From the program: end when the tasks that run have ended, or it took too
/// long; or the same, handing over what they made first.
enum class worker_signal : char { joined = 'J', stop = 'S', finish = 'F' };

/// False if the other end is gone.
bool send_signal(int lifeline, worker_signal signal) noexcept;
/// Waits; nothing if the other end is gone. `end_of_other`: what end_of() gave for it, may be none.
std::optional<worker_signal> receive_signal(int lifeline, int end_of_other) noexcept;

/// Readable once this process has ended. None where the system forbids it: then its sockets tell, some time.
unique_descriptor end_of(pid_t process) noexcept;
/// The same of the one that started this process.
unique_descriptor end_of_parent() noexcept;

} // namespace weft::detail
