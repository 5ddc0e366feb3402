#pragma once

#include <cstdint>

namespace weft::detail {

/// Bytes of memory that this process occupies (its resident set); 0 where the kernel does not say.
std::uint64_t process_memory() noexcept;

} // namespace weft::detail
