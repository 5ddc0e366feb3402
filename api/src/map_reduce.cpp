#include "runtime/services/client_core.hpp"

#include <weft/detail/map_reduce.hpp>

#include <algorithm>
#include <stdexcept>

namespace weft::detail {

namespace {

constexpr std::size_t pieces_per_thread = 4;
constexpr std::size_t threads_expected = 4; // of workers that are still to come

} // namespace

std::size_t count_pieces(client_core& core, const map_reduce_options& options, std::uint64_t elements) {
  std::uint64_t pieces = options.pieces;
  if (pieces == 0) {
    const std::size_t threads = core.known_threads();
    pieces = pieces_per_thread * (threads > 0 ? threads : threads_expected);
  }
  const std::uint64_t most = elements / std::max<std::size_t>(options.piece_size_min, 1);
  return static_cast<std::size_t>(std::max<std::uint64_t>(std::min(pieces, most), 1));
}

void throw_empty_reduction() {
  throw std::invalid_argument(
      "weft: map_reduce of an empty range has no result; give it an initial value after the functions");
}

} // namespace weft::detail
