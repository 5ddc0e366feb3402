#pragma once

#include <weft/codec.hpp>
#include <weft/detail/task_body.hpp>
#include <weft/export.hpp>

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

/// Two processes and a socket pair: the parent sends what a link would send, the worker (another exec, with
/// its own address layout) runs it and answers.
namespace weft::trial {

/// Whole messages over a stream socket.
class WEFT_API channel {
 public:
  explicit channel(int socket) noexcept : socket_(socket) {}
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;
  ~channel();

  void send(const encoder& message);
  /// False at the end of the stream.
  bool receive(std::vector<std::byte>& message);

 private:
  int socket_;
};

/// What the parent may ask of the worker.
enum class request : std::uint8_t { run, load_library };

/// A worker process of `program`; ended and waited for by the destructor.
class WEFT_API worker_process {
 public:
  explicit worker_process(const std::string& program);
  ~worker_process();
  worker_process(const worker_process&) = delete;
  worker_process& operator=(const worker_process&) = delete;

  /// The value that the task returned there, as bytes; throws what the worker said as std::runtime_error.
  detail::value_ptr run(const detail::task_body& body, const std::vector<detail::value_ptr>& inputs = {});
  void load_library(const std::string& path);

 private:
  struct connection {
    int parent;
    int child;
  };
  static connection connect();
  static ::pid_t start(const std::string& program, const connection& sockets);
  detail::value_ptr answer_to(const encoder& message);

  connection sockets_;
  channel channel_;
  ::pid_t process_;
};

/// Serves requests until the parent closes its end.
WEFT_API int serve(int socket);

} // namespace weft::trial
