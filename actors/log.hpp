#pragma once

#include <string>

namespace weft::detail {

/// A sentence to stderr, as one line "weft: …". Thread-safe.
void log_error(const std::string& sentence);

} // namespace weft::detail
