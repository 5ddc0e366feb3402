#pragma once

#include "runtime/core/instant.hpp"
#include "runtime/holder/holder_state.hpp"

#include <weft/ids.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace weft::detail {

/// Lets threads sleep on the status of a slot, without a lock or a condition variable per slot: the status is
/// the futex. Counts the sleepers by a few bits of the task's number, so that a change that nobody sleeps on
/// (nearly all of a flood) costs a look and no system call. Thread-safe.
class slot_sleepers {
 public:
  /// Sleeps while the slot has the status `seen`, until the deadline; may also return for no reason. The
  /// caller's handle keeps the slot.
  void sleep(task_id task, const future_slot& slot, slot_status seen, instant deadline);

  /// Who has to be woken. Collected under the client's mutex, woken after it is unlocked, when the slot may
  /// be gone: then the wake finds nobody, or somebody who looks again.
  using wake_list = std::vector<const std::atomic<slot_status>*>;

  /// To be called once after statuses have changed and before `collect`.
  void begin_collecting() const noexcept { std::atomic_thread_fence(std::memory_order_seq_cst); }
  void collect(task_id task, const future_slot& slot, wake_list& list) const {
    if (count_of(task).load(std::memory_order_relaxed) != 0) list.push_back(&slot.status);
  }
  static void wake(const wake_list& list) noexcept;

 private:
  static constexpr std::size_t counts_size = 64;
  const std::atomic<std::uint32_t>& count_of(task_id task) const noexcept {
    return counts_[task.value % counts_size];
  }

  std::array<std::atomic<std::uint32_t>, counts_size> counts_{};
};

} // namespace weft::detail
