#pragma once

#include <weft/detail/value.hpp>
#include <weft/export.hpp>
#include <weft/ids.hpp>
#include <weft/time.hpp>

#include <cstdint>
#include <exception>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace weft {

/// How far a future has come.
enum class future_status : std::uint8_t {
  pending,   ///< not yet computed
  finished,  ///< has a result, though perhaps one that cannot come here
  error,     ///< failed; `result()` throws
  cancelled, ///< will never have a result
  lost,      ///< was finished; the result is gone with its worker and is being computed again
};

/// "pending", "finished" and so on.
WEFT_API const char* to_string(future_status status) noexcept;
/// The same word.
WEFT_API std::ostream& operator<<(std::ostream& to, future_status status);

} // namespace weft

namespace weft::detail {

class client_core;
struct future_slot;

/// One counted reference to a future's slot in its client's slab: what `future<T>` is made of. Copies count
/// up, the last one to go releases the task. As thread-safe as a shared_ptr; all const members may be called
/// from any thread. It stays usable after its client is gone.
class WEFT_API future_handle {
 public:
  future_handle() noexcept = default;
  /// Takes over one count of the slot.
  future_handle(future_slot& slot, task_id task) noexcept : slot_(&slot), task_(task) {}
  future_handle(const future_handle& other) noexcept;
  future_handle(future_handle&& other) noexcept
      : slot_(std::exchange(other.slot_, nullptr)), task_(other.task_) {}
  future_handle& operator=(future_handle other) noexcept;
  ~future_handle() {
    if (slot_) drop();
  }

  bool valid() const noexcept { return slot_ != nullptr; }
  task_id task() const noexcept { return task_; }
  /// Throws std::logic_error where there is none.
  client_core& core() const;
  future_slot& slot() const noexcept { return *slot_; }
  friend bool operator==(const future_handle& a, const future_handle& b) noexcept {
    return a.slot_ == b.slot_;
  }

  // All below throw std::logic_error on a handle that refers to nothing.

  future_status status() const;
  bool done() const;
  /// Waits until it is done; false if the deadline came first. Throws std::logic_error where waiting could
  /// last for ever: on CAF's threads and in callbacks.
  bool wait_done(instant deadline) const;
  /// Waits for the value, fetching it if need be. Throws what the task failed with, or why the value cannot
  /// come here; timeout_error, saying what was waited for and why it has not come.
  const value& wait_value(instant deadline) const;
  /// For a handler of what decoding the value has thrown: throws it as the task's, by its key.
  [[noreturn]] void rethrow_of_task() const;
  /// Waits until done; what the task failed with, or null.
  std::exception_ptr wait_exception(instant deadline) const;
  /// Waits for the value and moves it out, which ends the future for good; this handle then refers to
  /// nothing. Throws std::logic_error if another handle or a task still needs it, else as `wait_value` does.
  value_ptr take_value();
  void cancel(std::string reason) const;
  std::string key() const;
  std::vector<std::string> who_has() const;
  std::uint64_t nbytes() const;
  /// "<Future: inc status: finished, type: int, key: inc-1>"
  void print(std::ostream& to, const std::string& type) const;

 private:
  void drop() noexcept;

  future_slot* slot_ = nullptr;
  task_id task_;
};

/// "For ever", as a deadline.
inline constexpr instant never{INT64_MAX};

/// `limit` from now.
WEFT_API instant deadline_after(nanoseconds limit) noexcept;

} // namespace weft::detail
