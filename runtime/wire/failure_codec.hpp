#pragma once

#include "runtime/wire/bytes.hpp"

#include <weft/detail/failure.hpp>

#include <limits>

namespace weft::detail {

/// Appends all of a failure but its exception_ptr. Each text is cut at `text_max` bytes, and of the messages
/// the first `messages_max` are kept, for frames that must stay small.
void write_failure(byte_writer& to, const failure& what,
                   std::size_t text_max = std::numeric_limits<std::size_t>::max(),
                   std::size_t messages_max = std::numeric_limits<std::size_t>::max());

/// Throws `decode_error`.
failure_ptr read_failure(byte_reader& from);

} // namespace weft::detail
