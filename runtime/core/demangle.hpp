#pragma once

#include <string>
#include <typeinfo>

namespace weft::detail {

/// A type's name as a C++ programmer writes it, with "std::__cxx11::basic_string<…>" said as "std::string".
std::string demangled(const std::type_info& type);

} // namespace weft::detail
