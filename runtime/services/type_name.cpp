#include <weft/codec.hpp>
#include <weft/errors.hpp>

#include "runtime/core/demangle.hpp"

#include <stdexcept>

namespace weft::detail {

std::string readable_name(const std::type_info& type) {
  return demangled(type);
}

void throw_null_function() {
  throw std::invalid_argument("weft: the function is a null pointer");
}

void throw_cannot_travel(const std::type_info& whole, const std::type_info& obstacle) {
  auto sentence = "weft: a " + demangled(whole) + " cannot travel to another process";
  if (whole != obstacle) sentence += ", because there is a " + demangled(obstacle) + " in it";
  throw cannot_travel(sentence + ": pointers to data, references and views never do; a class does with a "
                                 "weft_fields function or a weft::codec");
}

void throw_valueless(const std::type_info& type) {
  throw cannot_travel("weft: a " + demangled(type) + " cannot travel while it holds no alternative");
}

} // namespace weft::detail
