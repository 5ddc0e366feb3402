#pragma once

#include <cstddef>
#include <set>
#include <sys/types.h>

namespace bench {

/// The memory that these processes have in use, in bytes.
std::size_t resident_bytes(const std::set<pid_t>& processes);
/// Of this process.
std::size_t resident_bytes();

/// The processor time, in seconds, that the threads which now live in these processes have used.
double processor_seconds(const std::set<pid_t>& processes);

} // namespace bench
