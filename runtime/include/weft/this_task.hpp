#pragma once

#include <weft/export.hpp>

#include <string>

/// What a task function may ask about the task it is running for. Each of these throws std::logic_error when
/// the calling thread runs no task; threads that a task starts itself run none.
namespace weft::this_task {

/// Whether nobody wants the result any more (the task was cancelled, its last future dropped) or the worker
/// is about to stop. A task that runs for long had better look now and then, and return or throw: what it
/// returns after it was told so is not used, and if somebody wants the result all the same, the task runs
/// again on another worker. As a token: <weft/stop_token.hpp>; who has taken that counts as told.
WEFT_API bool stop_requested();

/// The task's key: the one that was asked for, else the function's name and the task's number.
WEFT_API std::string key();

/// The name of the worker that runs it.
WEFT_API std::string worker_name();

} // namespace weft::this_task
