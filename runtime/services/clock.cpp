#include "runtime/core/instant.hpp"

namespace weft::detail {

instant instant::now() noexcept {
  return instant{} + std::chrono::steady_clock::now().time_since_epoch();
}

} // namespace weft::detail
