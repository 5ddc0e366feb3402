#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>
#include <unistd.h>

namespace weft::detail {

/// The share of this machine's memory that goes with so many of its cores, in bytes: what a worker is allowed
/// if nobody says otherwise.
inline std::uint64_t memory_for_threads(std::uint32_t threads) {
  const auto memory =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t cores = std::max(1u, std::thread::hardware_concurrency());
  return memory / cores * std::min<std::uint64_t>(threads, cores);
}

} // namespace weft::detail
