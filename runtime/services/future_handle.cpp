#include <weft/detail/future_handle.hpp>

#include "runtime/core/instant.hpp"
#include "runtime/services/client_core.hpp"

#include <weft/errors.hpp>

#include <chrono>
#include <ostream>
#include <stdexcept>
#include <utility>

namespace weft {

const char* to_string(future_status status) noexcept {
  switch (status) {
  case future_status::pending:
    return "pending";
  case future_status::finished:
    return "finished";
  case future_status::error:
    return "error";
  case future_status::cancelled:
    return "cancelled";
  case future_status::lost:
    return "lost";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& to, future_status status) {
  return to << to_string(status);
}

} // namespace weft

namespace weft::detail {

namespace {

const future_slot& checked(future_slot* slot) {
  if (!slot)
    throw std::logic_error("weft: this future refers to no task (it was released, taken or moved from)");
  return *slot;
}

slot_status status_of(const future_slot& slot) {
  return slot.status.load(std::memory_order_acquire);
}

} // namespace

instant deadline_after(nanoseconds limit) noexcept {
  const instant now = instant::now();
  return limit.count() >= never.nanoseconds - now.nanoseconds ? never
                                                              : instant{now.nanoseconds + limit.count()};
}

client_core& future_handle::core() const {
  return *static_cast<client_core*>(holder_state::owner_of(checked(slot_), task_));
}

future_handle::future_handle(const future_handle& other) noexcept : slot_(other.slot_), task_(other.task_) {
  if (slot_) slot_->handles.fetch_add(1, std::memory_order_relaxed);
}

future_handle& future_handle::operator=(future_handle other) noexcept {
  std::swap(slot_, other.slot_);
  std::swap(task_, other.task_);
  return *this;
}

void future_handle::drop() noexcept {
  if (slot_->handles.fetch_sub(1, std::memory_order_acq_rel) == 1) core().release(task_);
  slot_ = nullptr;
}

future_status future_handle::status() const {
  switch (status_of(checked(slot_))) {
  case slot_status::pending:
    return future_status::pending;
  case slot_status::lost:
    return future_status::lost;
  case slot_status::failed:
    return future_status::error;
  case slot_status::cancelled:
    return future_status::cancelled;
  case slot_status::elsewhere:
  case slot_status::here:
  case slot_status::refused:
  case slot_status::taken:
    break;
  }
  return future_status::finished;
}

bool future_handle::done() const {
  return is_done(status_of(checked(slot_)));
}

bool future_handle::wait_done(instant deadline) const {
  return core().wait(task_, *slot_, false, deadline);
}

const value& future_handle::wait_value(instant deadline) const {
  const future_slot& slot = checked(slot_);
  // Before anything else, so that a value that is here costs a look.
  if (status_of(slot) == slot_status::here) return *slot.value;
  const instant begin = instant::now();
  while (core().wait(task_, slot, true, deadline)) {
    switch (status_of(slot)) {
    case slot_status::here:
      return *slot.value;
    case slot_status::taken:
      throw std::logic_error("weft: the result of " + core().key_of(task_, slot) + " was taken");
    case slot_status::failed:
    case slot_status::cancelled:
      slot.failure->raise();
    default: // the value could not come, but it may have been lost meanwhile and be computed again
      if (const failure_ptr why = core().refusal_of(task_)) why->raise();
    }
  }
  const std::string key = core().key_of(task_, slot);
  throw timeout_error("weft: no result of " + key + " after " + readable(instant::now() - begin) + ": " +
                      core().explain(task_));
}

void future_handle::rethrow_of_task() const {
  failure::from_exception(std::current_exception(), key(), {})->raise();
}

std::exception_ptr future_handle::wait_exception(instant deadline) const {
  const future_slot& slot = checked(slot_);
  if (!core().wait(task_, slot, false, deadline)) {
    throw timeout_error("weft: " + core().key_of(task_, slot) + " is not done: " + core().explain(task_));
  }
  const slot_status status = status_of(slot);
  return status == slot_status::failed || status == slot_status::cancelled ? slot.failure->to_exception()
                                                                           : nullptr;
}

value_ptr future_handle::take_value() {
  wait_value(never);
  if (slot_->handles.load(std::memory_order_acquire) != 1)
    throw std::logic_error("weft: take() of " + key() + ": another future refers to the same result");
  value_ptr taken = core().take(task_, deadline_after(std::chrono::seconds(60)));
  if (!taken)
    throw std::logic_error("weft: take() of " + key() +
                           ": a task still needs the result, or it was cancelled");
  drop();
  return taken;
}

void future_handle::cancel(std::string reason) const {
  core().cancel(task_, reason);
}

std::string future_handle::key() const {
  return core().key_of(task_, *slot_);
}

std::vector<std::string> future_handle::who_has() const {
  return core().describe_holders(task_, deadline_after(std::chrono::seconds(10))).workers;
}

std::uint64_t future_handle::nbytes() const {
  return core().nbytes_of(task_);
}

void future_handle::print(std::ostream& to, const std::string& type) const {
  if (!slot_) {
    to << "<Future: of no task>";
    return;
  }
  const future_status its = status();
  to << "<Future: " << core().name_of(*slot_) << " status: " << to_string(its);
  if (its == future_status::finished && !type.empty()) to << ", type: " << type;
  to << ", key: " << key() << '>';
}

} // namespace weft::detail
