#pragma once

namespace weft::detail {

/// What `prog --weft-worker ADDRESS [--nthreads N] [--nworkers N] [--name NAME] [--key-file FILE] [--load
/// LIBRARY]… [--insecure]` does: the same as `weft worker`, with this program's task functions. Ends the
/// process.
[[noreturn]] void run_worker_command(int argc, char** argv);

} // namespace weft::detail
