#pragma once

#include "runtime/core/instant.hpp"

#include <weft/detail/vector_storage.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

namespace weft::detail {

/// Large blocks of ::operator new that are used up, kept for a moment: what comes next is then received into
/// memory that the kernel has cleared before, which takes longer than receiving it. Only what was allocated
/// here is kept: memory that tasks allocate is the allocator's own concern. Thread-safe.
class storage_pool {
 public:
  /// Smaller blocks are the allocator's.
  static constexpr std::size_t block_min = kept_storage_min;
  /// Of all that is kept.
  static constexpr std::size_t bytes_max = std::size_t{512} << 20;
  /// Nanoseconds that a block is kept.
  static constexpr std::int64_t patience = 2'000'000'000;

  /// The one of this process, which is never destroyed: values may be.
  static storage_pool& of_process();

  storage_pool() = default;
  ~storage_pool();
  storage_pool(const storage_pool&) = delete;
  storage_pool& operator=(const storage_pool&) = delete;

  /// `size` uninitialised bytes, to be freed with ::operator delete by whoever has them last, or given to
  /// `keep`. Throws std::bad_alloc.
  void* allocate(std::size_t size, instant now);
  /// Takes over a block of just this size; false if it is not from here, or too many are kept: then it stays
  /// the caller's.
  bool keep(void* block, std::size_t size, instant now) noexcept;
  /// Frees what nobody has taken for `patience`.
  void trim(instant now) noexcept;
  std::size_t kept_bytes() const;

 private:
  static constexpr std::size_t lent_max = 256; // of one size

  struct shelf { // the blocks of one size
    shelf();
    void lend(void* block) noexcept;

    std::vector<void*> free, lent; // with room for all there may be
    instant used;
  };

  mutable std::mutex mutex_;
  std::map<std::size_t, shelf> shelves_; // by size
  std::size_t bytes_ = 0;                // kept
};

} // namespace weft::detail
