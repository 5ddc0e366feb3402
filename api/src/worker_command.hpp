#pragma once

#include <string>
#include <vector>

namespace weft::detail {

/// What `prog --weft-worker ADDRESS [--nthreads N] [--nworkers N] [--name NAME] [--key-file FILE] [--load
/// LIBRARY]… [--insecure]` does with the words after the first (`--name=NAME` and the like are one word): the
/// same as `weft worker`, with this program's task functions. Ends the process.
[[noreturn]] void run_worker_command(const std::vector<std::string>& words);

} // namespace weft::detail
