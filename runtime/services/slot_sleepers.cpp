#include "runtime/services/slot_sleepers.hpp"

#include <climits>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weft::detail {

static_assert(sizeof(std::atomic<slot_status>) == 4 && std::atomic<slot_status>::is_always_lock_free,
              "weft: the kernel must see a slot's status as a futex");

void slot_sleepers::sleep(task_id task, const future_slot& slot, slot_status seen, instant deadline) {
  // The count first, the status after it; who changes a status does it the other way round, so one of the two
  // sees the other. The kernel looks at the status once more before it sleeps.
  auto& count = const_cast<std::atomic<std::uint32_t>&>(count_of(task));
  count.fetch_add(1, std::memory_order_seq_cst);
  if (slot.status.load(std::memory_order_seq_cst) == seen) {
    timespec until{};
    until.tv_sec = static_cast<time_t>(deadline.nanoseconds / 1'000'000'000);
    until.tv_nsec = static_cast<long>(deadline.nanoseconds % 1'000'000'000);
    // BITSET is the operation that takes an absolute time of the monotonic clock.
    syscall(SYS_futex, &slot.status, FUTEX_WAIT_BITSET_PRIVATE, static_cast<std::uint32_t>(seen),
            deadline.nanoseconds == INT64_MAX ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
  }
  count.fetch_sub(1, std::memory_order_relaxed);
}

void slot_sleepers::wake(const wake_list& list) noexcept {
  for (const auto* status : list)
    syscall(SYS_futex, status, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

} // namespace weft::detail
