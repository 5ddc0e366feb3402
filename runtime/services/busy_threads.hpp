#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

namespace weft::detail {

/// How many threads of this process have work of Weft's to do, so that a thread without any knows whether it
/// may spin: where all cores are wanted, who spins keeps others from the very work that it waits for. A
/// guess, made without locks; thread-safe.
class busy_threads {
 public:
  /// The calling thread has something to do while this lives: an actor's turn, or a batch of tasks.
  class scope {
   public:
    scope() noexcept { count().fetch_add(1, std::memory_order_relaxed); }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope() { count().fetch_sub(1, std::memory_order_relaxed); }
  };

  /// A thread of the user's submits or releases something; most likely it goes on to do so.
  static void note_user() noexcept {
    // Not fetch_add, which costs more: it only matters that it changes.
    auto& number = user_calls();
    number.store(number.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// A thread that spins while this lives, if it may: no more spin than there are cores.
  class spin_permit {
   public:
    spin_permit() noexcept : granted_(spinning().fetch_add(1, std::memory_order_relaxed) < cores()) {}
    spin_permit(const spin_permit&) = delete;
    spin_permit& operator=(const spin_permit&) = delete;
    ~spin_permit() { spinning().fetch_sub(1, std::memory_order_relaxed); }

    bool granted() const noexcept { return granted_; }

    /// To be called now and then while it spins. Whether others want its core: as far as can be told, each
    /// core has a thread in a scope, or one of the user's that did something since the last look.
    bool crowded() noexcept {
      const std::uint32_t calls = user_calls().load(std::memory_order_relaxed);
      const bool user = std::exchange(calls_, calls) != calls;
      return count().load(std::memory_order_relaxed) + user >= cores();
    }

   private:
    const bool granted_;
    std::uint32_t calls_ = user_calls().load(std::memory_order_relaxed);
  };

 private:
  static std::atomic<std::uint32_t>& count() noexcept {
    alignas(64) static std::atomic<std::uint32_t> value{0};
    return value;
  }
  static std::atomic<std::uint32_t>& spinning() noexcept {
    static std::atomic<std::uint32_t> value{0};
    return value;
  }
  static std::atomic<std::uint32_t>& user_calls() noexcept {
    alignas(64) static std::atomic<std::uint32_t> value{0};
    return value;
  }
  static std::uint32_t cores() noexcept {
    static const std::uint32_t value = std::thread::hardware_concurrency();
    return value;
  }
};

} // namespace weft::detail
