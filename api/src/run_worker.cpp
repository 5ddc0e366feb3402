#include "actors/node.hpp"
#include "api/src/cluster_at.hpp"
#include "api/src/finish_tasks.hpp"
#include "api/src/join_words.hpp"
#include "api/src/machine_memory.hpp"
#include "runtime/services/garbage_thread.hpp"

#include <weft/worker.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <dlfcn.h>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace weft {

namespace {

// When asked to end: in all less than the 10 s after which service managers usually kill. Tasks that take
// longer than the first are asked to stop, and have the second for it.
constexpr std::chrono::seconds time_to_leave{4};
constexpr std::chrono::seconds time_to_stop{4};
constexpr std::chrono::seconds time_to_hand_over{1};      // what they made
constexpr std::chrono::milliseconds time_of_threads{500}; // to end, without tasks

std::chrono::nanoseconds until(std::chrono::steady_clock::time_point when) {
  return std::max<std::chrono::nanoseconds>(when - std::chrono::steady_clock::now(),
                                            std::chrono::nanoseconds(0));
}

void load_library(const std::string& file) {
  if (file.empty()) throw std::invalid_argument("weft: the library to load has no name");
  // Never unloaded: tasks may refer to it as long as the process lives.
  if (dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL)) return;
  std::string why = "weft: cannot load the library " + file + ": " + dlerror();
  // A name without a folder is looked for where libraries are installed, and nowhere else.
  std::error_code error;
  if (file.find('/') == std::string::npos && std::filesystem::exists(file, error))
    why += "; for the file of that name in the current folder say ./" + file;
  throw std::invalid_argument(why);
}

detail::cluster_address address_of(const std::string& address, const worker_options& options) {
  detail::cluster_address where = detail::cluster_at(address, options.key_file, options.insecure);
  where.retry = true; // it may be started a moment before its scheduler
  return where;
}

// Together, so that none hands over to one that is about to leave too.
void hand_over(const std::vector<std::shared_ptr<detail::worker_handle>>& workers) {
  for (const auto& worker : workers) {
    std::fprintf(stderr, "weft: worker %s was asked to end and hands over what it holds\n",
                 worker->name().c_str());
    worker->ask_to_retire();
  }
  const auto deadline = std::chrono::steady_clock::now() + time_to_leave;
  for (const auto& worker : workers)
    worker->wait_until_left(until(deadline));
  for (const auto& worker : workers) {
    if (!worker->how_it_left().empty()) continue;
    const auto tasks = detail::finish_tasks(*worker, until(deadline + time_to_stop), time_to_hand_over);
    if (tasks.empty() && worker->how_it_left().empty())
      std::fprintf(stderr, "weft: worker %s ends before everything was handed over\n",
                   worker->name().c_str());
  }
}

} // namespace

int run_worker(const std::string& address, const worker_options& options) {
  stop_signals signals;
  for (const auto& library : options.libraries)
    load_library(library);
  const auto node = detail::node::instance();
  std::atomic<std::uint32_t> in_use{options.workers}; // one may be retired while the others go on
  std::vector<std::shared_ptr<detail::worker_handle>> workers;
  for (std::uint32_t i = 0; i < options.workers; ++i) {
    detail::worker_options how;
    how.name = options.name;
    if (options.workers > 1 && !options.name.empty()) how.name += '-' + std::to_string(i);
    how.threads = options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
    how.memory_limit = detail::memory_for_threads(how.threads);
    try {
      workers.push_back(
          node->join_cluster(address_of(address, options), std::move(how), [&](const std::string&) {
            if (--in_use == 0) signals.end_waiting();
          }));
    } catch (const std::exception& why) {
      if (!signals.asked()) throw;
      // Whoever ends it may end its scheduler too.
      std::fprintf(stderr, "weft: the worker was asked to end and has not joined: %s\n", why.what());
      break;
    }
    std::fprintf(stderr, "weft: worker %s with %u threads joined the scheduler at %s\n",
                 workers.back()->name().c_str(), how.threads, address.c_str());
  }

  const bool asked_to_end = signals.wait() != 0;
  if (asked_to_end) hand_over(workers);
  int code = 0;
  for (const auto& worker : workers) {
    if (const std::string how = worker->how_it_left(); !how.empty()) {
      std::fprintf(stderr, "weft: worker %s ends: %s\n", worker->name().c_str(), how.c_str());
      if (!asked_to_end && how != "retired") code = 3;
    }
    const auto tasks = worker->stop(asked_to_end ? time_of_threads : time_to_stop);
    if (tasks.empty()) continue;
    std::fprintf(stderr, "weft: worker %s ends in the middle of %s\n", worker->name().c_str(),
                 detail::join_words(tasks).c_str());
    std::fflush(nullptr);
    _Exit(code); // a thread that runs a task cannot be ended otherwise
  }
  detail::garbage_thread::drain();
  return code;
}

} // namespace weft
