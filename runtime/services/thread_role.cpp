#include "runtime/services/thread_role.hpp"

namespace weft::detail {

thread_role& this_thread_role() noexcept {
  thread_local thread_role role;
  return role;
}

} // namespace weft::detail
