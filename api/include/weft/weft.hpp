#pragma once

/// Weft: submit functions, get futures, chain them, wait for whichever comes first, in one process or over
/// many.

#include <weft/as_completed.hpp>
#include <weft/buffer.hpp>
#include <weft/client.hpp>
#include <weft/errors.hpp>
#include <weft/future.hpp>
#include <weft/init.hpp>
#include <weft/local_cluster.hpp>
#include <weft/map_reduce.hpp>
#include <weft/progress.hpp>
#include <weft/task_options.hpp>
#include <weft/this_task.hpp>
#include <weft/wait.hpp>
