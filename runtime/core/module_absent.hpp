#pragma once

#include <weft/errors.hpp>

namespace weft::detail {

/// A build_mismatch found while decoding what a task is to be called with: a function in it lies in a module
/// that this process has not. Where that is a worker, the task has not begun and another worker may have the
/// module. A user's code never sees this type (see failure::raise).
class module_absent final : public build_mismatch {
 public:
  using build_mismatch::build_mismatch;
};

} // namespace weft::detail
