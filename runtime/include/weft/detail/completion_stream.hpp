#pragma once

#include <weft/detail/client_core.hpp>
#include <weft/detail/future_handle.hpp>
#include <weft/export.hpp>

#include <cstddef>
#include <vector>

namespace weft::detail {

class completion_set;

/// What `as_completed<T>` is made of: futures in the order in which they complete. Thread-safe, but for
/// moving it; one that was moved from can be assigned to, and all else throws std::logic_error.
class WEFT_API completion_stream {
 public:
  /// With `values`, a future comes out only when its value is here, or there will be none.
  explicit completion_stream(bool values);
  completion_stream(completion_stream&& other) noexcept;
  completion_stream& operator=(completion_stream&& other) noexcept;
  ~completion_stream();

  void add(future_handle future);
  future_handle next(instant deadline);
  std::vector<future_handle> next_batch(instant deadline);
  std::size_t count() const;
  bool has_ready() const;
  void clear();

 private:
  completion_set& own_set() const;

  completion_set* set_; // null: moved from
};

} // namespace weft::detail
