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

static std::string reason_of(obstacle_kind why) {
  const std::string own = " does only with a weft_fields function or a weft::codec; "
                          "weft_fields is a free or friend function that takes a T&";
  switch (why) {
  case obstacle_kind::none:
    break; // it travels
  case obstacle_kind::borrowed:
    return "pointers to data, references and views never do";
  case obstacle_kind::base_class:
    return "a struct with a base class" + own;
  case obstacle_kind::many_fields:
    return "a struct with more than 32 fields, more than 256 elements of C arrays or a reference" + own;
  case obstacle_kind::hidden_field:
    return "a struct with a bit-field or a union, or a packed one," + own;
  case obstacle_kind::fixed_field:
    return "a struct with a reference or another field that cannot be set does only with a weft::codec";
  case obstacle_kind::not_default:
    return "a class with a weft_fields function has to be default constructible";
  case obstacle_kind::closed_class:
    return "a class with constructors or private members" + own;
  case obstacle_kind::unknown_type:
    return "that type does only with a weft::codec";
  }
  return "that type does not";
}

void throw_cannot_travel(const std::type_info& whole, const type_shape& shape) {
  auto sentence = "weft: values of type " + demangled(whole) + " cannot travel to another process";
  if (whole != *shape.obstacle) sentence += ", because of the " + demangled(*shape.obstacle) + " in them";
  throw cannot_travel(sentence + ": " + reason_of(shape.why));
}

void throw_valueless(const std::type_info& type) {
  throw cannot_travel("weft: a value of type " + demangled(type) +
                      " cannot travel while it holds no alternative");
}

} // namespace weft::detail
