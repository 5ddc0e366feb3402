#pragma once

namespace weft::detail {

/// Opens /dev/null in the place of each standard descriptor that is closed: otherwise the next file or socket
/// that is opened would have its number, and what is printed would go there. In the mode that makes using it
/// the error that it was. To be called before anything else is opened.
void fill_standard_descriptors() noexcept;

} // namespace weft::detail
