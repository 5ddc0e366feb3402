#pragma once

#include "runtime/services/modules.hpp"

#include <cstdint>
#include <string>
#include <typeinfo>

namespace weft::detail {

/// Whether a function begins at this address, by the unwind tables (`.eh_frame_hdr`), which `strip` leaves in
/// place.
bool is_function_start(std::uintptr_t address);

/// "inc" for the function that begins at this address, which lies in `module`, by the symbol table of the
/// module's file; "function" where that is stripped or has been replaced. Reads the file.
std::string function_name_at(const loaded_module& module, std::uintptr_t address);

/// "inc" for "int ns::inc<int>(int)", "lambda" for any lambda.
std::string short_function_name(std::string demangled);

/// "adder" for ns::adder<int>, "lambda" for any closure.
std::string short_type_name(const std::type_info& callable);

} // namespace weft::detail
