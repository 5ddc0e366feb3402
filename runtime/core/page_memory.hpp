#pragma once

#include <cstddef>

namespace weft::detail {

/// Memory for the pages of tables and for stocks of small blocks: what there may be hundreds of megabytes of,
/// for a moment. It lies together in regions of 4 MiB which the system backs by huge pages where it has them,
/// so that the first touch of 2 MiB costs one fault and not 512; empty regions are kept for later, most of
/// them until `trim_page_memory`. Pages are aligned to 64 bytes. For pages of few different sizes, each for a
/// while. Throws std::bad_alloc. Thread-safe.
[[nodiscard]] void* allocate_page(std::size_t size);
/// `size` is what it was allocated with.
void release_page(void* page, std::size_t size) noexcept;
/// Gives the system back what has not been needed since the last call, except 128 MiB. Thread-safe.
void trim_page_memory() noexcept;

} // namespace weft::detail
