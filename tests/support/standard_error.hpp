#pragma once

#include <cerrno>
#include <chrono>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

namespace weft::test {

/// Reads what this process writes to standard error, for as long as it lives. For one thread; the others may
/// write.
class standard_error {
 public:
  standard_error() {
    if (pipe(ends_) != 0) throw std::runtime_error("no pipe");
    before_ = dup(STDERR_FILENO);
    dup2(ends_[1], STDERR_FILENO);
  }
  standard_error(const standard_error&) = delete;
  standard_error& operator=(const standard_error&) = delete;
  ~standard_error() {
    dup2(before_, STDERR_FILENO);
    for (const int descriptor : {ends_[0], ends_[1], before_})
      close(descriptor);
  }

  /// Waits until `text` has been written; false if that takes so long that it has failed.
  bool wait_for(std::string_view text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (seen_.find(text) == std::string::npos) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd readable{.fd = ends_[0], .events = POLLIN, .revents = 0};
      const int ready = left.count() > 0 ? poll(&readable, 1, static_cast<int>(left.count())) : 0;
      if (ready < 0 && errno == EINTR) continue;
      char bytes[256];
      const auto count = ready > 0 ? read(ends_[0], bytes, sizeof bytes) : 0;
      if (count <= 0) return false;
      seen_.append(bytes, static_cast<std::size_t>(count));
    }
    return true;
  }

  /// What was written, as far as `wait_for` has read.
  const std::string& seen() const { return seen_; }

 private:
  int ends_[2];
  int before_ = -1;
  std::string seen_;
};

} // namespace weft::test
