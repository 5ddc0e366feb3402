#pragma once

#include <weft/detail/copyable.hpp>
#include <weft/detail/future_handle.hpp>
#include <weft/detail/type_name.hpp>
#include <weft/detail/typed_value.hpp>
#include <weft/errors.hpp>
#include <weft/export.hpp>
#include <weft/time.hpp>

#include <exception>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

namespace detail {
WEFT_API void print_future(std::ostream& to, const future_handle& handle, const std::type_info& type);
}

/// A task's future whatever the type of its result: what can be asked without knowing it.
///
/// Copies share one handle; when the last is gone the task is released: it is not run if it has not started,
/// and its result is freed everywhere. Const members may be called from any thread, also after the client is
/// gone. Members throw std::logic_error where the future refers to no task.
class WEFT_API any_future {
 public:
  /// Refers to no task.
  any_future() noexcept = default;

  /// Whether it refers to a task at all.
  bool valid() const noexcept { return handle_.valid(); }

  future_status status() const { return handle_.status(); }
  /// Finished, failed or cancelled.
  bool done() const { return handle_.done(); }
  /// Waits until it is done.
  void wait() const;
  /// Waits until it is done, at most so long; whether it is.
  bool wait_for(nanoseconds limit) const;

  /// Waits until it is done; what the task failed with, or null. Does not fetch the result: if that cannot
  /// come here, only `result()` throws, and the task is finished.
  std::exception_ptr exception() const;
  /// The same; throws timeout_error after `limit`.
  std::exception_ptr exception(nanoseconds limit) const;

  /// The task does not run if it has not started, and its result is discarded if it has; `result()` throws
  /// cancelled_error, here and of every task that needs this one. Nothing happens to one that has failed.
  void cancel() const;

  /// Drops this handle now instead of at the end of the future's life.
  void release();

  /// "inc-1000000002a", or the key that was asked for.
  std::string key() const;
  /// The names of the workers that the scheduler knows to hold the result: those that have said so. Of a task
  /// that is not done, and of a datum that is still on its way after `scatter`, there are none; `wait()`
  /// first. None either once the client is closed or the scheduler gone. Throws timeout_error if the
  /// scheduler does not answer within ten seconds.
  std::vector<std::string> who_has() const;
  /// The size of the result in bytes, about; 0 while it is not known.
  std::uint64_t nbytes() const;

  /// Whether both refer to the same task.
  friend bool operator==(const any_future& a, const any_future& b) noexcept { return a.handle_ == b.handle_; }
  /// "<Future: inc status: pending, key: inc-1000000002a>"
  friend WEFT_API std::ostream& operator<<(std::ostream& to, const any_future& future);

  /// For Weft's own templates.
  const detail::future_handle& handle() const noexcept { return handle_; }

 protected:
  explicit any_future(detail::future_handle handle) noexcept : handle_(std::move(handle)) {}

  detail::future_handle handle_;
};

/// The result of a task that may not have run yet, and may run elsewhere. Pass it as an argument to other
/// tasks to say that they need its result; see `client::submit`.
template <class T>
class future : public any_future {
  static_assert(std::is_same_v<T, std::decay_t<T>>,
                "weft: a future's result is a value: no reference, not const");

 public:
  using value_type = T;

  future() noexcept = default;
  /// For Weft's own templates.
  explicit future(detail::future_handle handle) noexcept : any_future(std::move(handle)) {}

  /// Waits for the result and fetches it if it is elsewhere. The reference is valid while a handle to this
  /// task lives. Throws what the task failed with (task_error, cancelled_error, worker_killed, …);
  /// cannot_travel of a result that is in another process and has to stay there (the future is finished all
  /// the same, and may be an argument of tasks, which run where it is); task_error too where the result's own
  /// codec throws as it is decoded here, and cancelled_error of what was pending when the client was closed
  /// or lost its scheduler; std::logic_error when called where it would block for ever, on CAF's threads or
  /// in a callback. A task that waits lets others run meanwhile.
  const T& result() const& { return get(detail::never); }
  /// The same; throws timeout_error, which says why there is no result yet, after `limit`.
  const T& result(nanoseconds limit) const& { return get(detail::deadline_after(limit)); }

  /// Of a future that is about to go: a copy.
  T result() && { return copy(detail::never); }
  T result(nanoseconds limit) && { return copy(detail::deadline_after(limit)); }

  /// Waits, moves the result out and releases the task; this future then refers to nothing. Where a task that
  /// nobody wants any more still reads the result in this process, waits for that too, up to a minute. Throws
  /// std::logic_error if another handle or a task still needs the result, cancelled_error once the client is
  /// closed, and what `result()` throws.
  T take() {
    get(detail::never); // what its codec throws comes while the task still has the result
    return detail::extract_value<T>(handle_.take_value());
  }

  /// "<Future: inc status: finished, type: int, key: inc-1000000002a>"
  friend std::ostream& operator<<(std::ostream& to, const future& future) {
    detail::print_future(to, future.handle_, typeid(T));
    return to;
  }

 private:
  const T& get(detail::instant deadline) const {
    const detail::value& its = handle_.wait_value(deadline);
    try {
      return detail::value_as<T>(its);
    } catch (...) {
      handle_.rethrow_of_task();
    }
  }
  T copy(detail::instant deadline) const {
    constexpr bool can_be_copied = detail::is_copyable<T>;
    static_assert(
        can_be_copied,
        "weft: result() of a temporary future copies the result, and this type cannot be copied: call "
        "take(), which moves it out, or keep the future in a variable and look at the result there");
    if constexpr (can_be_copied)
      return get(deadline);
    else
      __builtin_unreachable(); // so that the sentence is all that the compiler says
  }
};

/// A task without a result.
template <>
class WEFT_API future<void> : public any_future {
 public:
  using value_type = void;

  future() noexcept = default;
  explicit future(detail::future_handle handle) noexcept : any_future(std::move(handle)) {}

  /// Waits until the task has run. Throws as any future's does.
  void result() const;
  void result(nanoseconds limit) const;

  friend WEFT_API std::ostream& operator<<(std::ostream& to, const future& future);
};

} // namespace weft
