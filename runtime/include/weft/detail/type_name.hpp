#pragma once

#include <weft/export.hpp>

#include <string>
#include <typeinfo>

namespace weft::detail {

/// A type's name as a C++ programmer writes it.
WEFT_API std::string readable_name(const std::type_info& type);

} // namespace weft::detail
