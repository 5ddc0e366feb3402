#pragma once

#include <weft/export.hpp>

#include <stop_token>

/// Not part of <weft/weft.hpp>: <stop_token> brings a quarter of <regex> and <iostream> with it.
namespace weft::this_task {

/// `stop_requested()` as a token, for callbacks and condition_variable_any. Valid beyond the task's end;
/// callbacks may run on any thread. Throws std::logic_error when the calling thread runs no task.
WEFT_API std::stop_token stop_token();

} // namespace weft::this_task
