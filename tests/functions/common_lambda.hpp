#pragma once

#include <weft/detail/typed_body.hpp>

/// Included by a program and by two libraries, which therefore all have a lambda of the same name. What each
/// of them sends must be run by the same module at the other end.
inline weft::detail::body_ptr make_common_task(int x) {
  return weft::detail::make_body([](int y) { return y + 1000; }, x);
}
