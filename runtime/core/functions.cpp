#include "runtime/core/functions.hpp"

#include <cstdio>

namespace weft::detail {

std::string printable_key(const function_directory& functions, function_id function, task_id task) {
  char number[24];
  std::snprintf(number, sizeof number, "-%llx", static_cast<unsigned long long>(task.value));
  return (function ? functions.name_of(function) : std::string("data")) + number;
}

} // namespace weft::detail
