#pragma once

#include <weft/detail/encoder.hpp>
#include <weft/detail/value.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace weft::detail {

/// Turns large values into bytes away from the io thread: most of a large value is only pointed at, but a
/// tree of a million nodes takes its time, and it is user code. The thread starts with the first value; where
/// the system gives none, who asks does it.
class encoding_thread {
 public:
  struct result {
    encoder bytes;
    std::exception_ptr error; ///< what the value's encoding threw
  };
  /// Called on the thread that has encoded it.
  using finish_function = std::function<void(result)>;

  encoding_thread() = default;
  /// Closes.
  ~encoding_thread();

  /// Encodes `what` after all that came before. After `close()` it is dropped. Thread-safe.
  void encode(value_ptr what, finish_function finish);

  /// Finishes the value in hand, drops the rest and joins. Idempotent.
  void close();

  /// Encodes at once, on the calling thread.
  static result encode_now(const value& what);

 private:
  bool has_thread();
  void run();

  struct job {
    value_ptr what;
    finish_function finish;
  };

  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  std::deque<job> jobs_;
  bool closed_ = false;
  std::thread thread_;
};

} // namespace weft::detail
