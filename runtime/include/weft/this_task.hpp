#pragma once

#include <weft/export.hpp>

#include <stop_token>
#include <string>

/// What a task function may ask about the task it is running for. Each of these throws std::logic_error when
/// the calling thread runs no task; threads that a task starts itself run none.
namespace weft::this_task {

/// Whether nobody wants the result any more (the task was cancelled, its last future dropped) or the worker
/// is about to stop. A task that runs for long had better look now and then, and return or throw.
WEFT_API bool stop_requested();

/// The same as a token, for callbacks and condition_variable_any. Valid beyond the task's end; callbacks may
/// run on any thread.
WEFT_API std::stop_token stop_token();

/// The printable key: the function's name and the task's number.
WEFT_API std::string key();

/// The name of the worker that runs it.
WEFT_API std::string worker_name();

} // namespace weft::this_task
