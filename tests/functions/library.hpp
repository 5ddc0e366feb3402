#pragma once

#include <weft/detail/task_body.hpp>

/// What the task libraries of the trial export.
#define WEFT_TRIAL_EXPORT __attribute__((visibility("default")))

/// Adds 1; a function of library a that the program passes by pointer.
WEFT_TRIAL_EXPORT int library_function(int x);

WEFT_TRIAL_EXPORT weft::detail::body_ptr library_a_common_task(int x);
WEFT_TRIAL_EXPORT weft::detail::body_ptr library_a_lambda_task(int x);
WEFT_TRIAL_EXPORT weft::detail::body_ptr library_a_pointer_task(int x);
WEFT_TRIAL_EXPORT weft::detail::body_ptr library_b_common_task(int x);
