#pragma once

#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace weft::detail {

/// One thread that waits for sockets and timers, for all of a process's listeners, connectors and data
/// connections. Whatever runs on it must be short. Signals are blocked there, so that they reach the threads
/// that expect them.
class io_thread {
 public:
  explicit io_thread(std::string name = "weft-io");
  /// Closes.
  ~io_thread();
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;

  /// Runs `action` on the thread, soon, in the order of the posts. After `close()` it is destroyed unrun.
  /// Thread-safe.
  void post(std::function<void()> action);

  /// Runs `action` on the thread and waits until it has run; at once if this is that thread, or after
  /// `close()`. Its exceptions pass. Thread-safe.
  void run(const std::function<void()>& action);

  /// Whether the caller runs on it.
  bool is_current() const noexcept;

  /// Ends the thread and joins it; what is pending is dropped. Listeners, connectors and transfers must be
  /// closed before. Must not be called on the thread itself. Idempotent.
  void close();

  /// For who includes asio.
  boost::asio::io_context& context() noexcept;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace weft::detail
