#pragma once

#include "runtime/services/client_core.hpp"

#include <weft/detail/future_handle.hpp>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

namespace weft::detail {

/// Hands out futures in the order in which they complete: what as_completed, wait and progress are made of. A
/// handle that was added twice comes out twice. All its futures belong to one client. Thread-safe.
class completion_set final : public completion_listener {
 public:
  /// With `values`, a future comes out only when its value is here (or there will be none): result() does not
  /// wait.
  explicit completion_set(bool values) : values_(values) {}
  ~completion_set();
  completion_set(const completion_set&) = delete;
  completion_set& operator=(const completion_set&) = delete;

  /// Throws std::invalid_argument for a future of no task, or of another client than the first one's.
  void add(future_handle future);

  /// The next to complete. Throws std::out_of_range if nothing is left; timeout_error if the deadline comes
  /// first.
  future_handle next(instant deadline);
  /// All that have completed; waits for one if none has. Empty if nothing is left. Throws timeout_error.
  std::vector<future_handle> next_batch(instant deadline);

  /// Waits until `next` would return at once, or nothing is left; false if the deadline comes first.
  bool wait_until_ready(instant deadline);

  /// Not handed out yet.
  std::size_t count() const;
  /// Whether `next` would return at once.
  bool has_ready() const;
  /// Forgets all futures.
  void clear();

  void completed(task_id task) override;

 private:
  bool over() const { return !ready_.empty() || awaited_.empty(); }
  std::uint64_t listen_to(const std::shared_ptr<client_core>& core);
  bool sleep_until_ready(std::unique_lock<std::mutex>& lock, instant deadline);
  void require_ready(std::unique_lock<std::mutex>& lock, instant deadline);

  const bool values_;
  mutable std::mutex mutex_; // after the core's, never around it
  std::condition_variable ready_condition_;
  std::shared_ptr<client_core> core_; // of the first future; null before
  std::uint64_t number_ = 0;          // as the core's listener
  std::map<task_id, std::vector<future_handle>> awaited_;
  std::size_t awaited_count_ = 0; // handles in there: as_completed is asked for each element
  std::deque<future_handle> ready_;
};

} // namespace weft::detail
