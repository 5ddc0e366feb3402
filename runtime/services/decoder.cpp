#include <weft/detail/decoder.hpp>
#include <weft/errors.hpp>

namespace weft::detail {

void decoder::fail(const char* sentence) {
  throw decode_error(std::string("weft: cannot decode: ") + sentence);
}

void decoder::fail_size(std::uint64_t size) {
  throw decode_error("weft: cannot decode: a size says " + std::to_string(size) +
                     ", more than the bytes left can hold");
}

void decoder::fail_short(std::size_t wanted) const {
  throw decode_error("weft: cannot decode: cut short, " + std::to_string(wanted) + " bytes are wanted and " +
                     std::to_string(remaining()) + " are left");
}

void decoder::fail_leftover() const {
  throw decode_error("weft: cannot decode: " + std::to_string(remaining()) + " bytes too many");
}

} // namespace weft::detail
