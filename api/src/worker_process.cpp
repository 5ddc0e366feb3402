#include "api/src/worker_process.hpp"

#include "actors/node.hpp"
#include "api/src/finish_tasks.hpp"
#include "api/src/join_words.hpp"
#include "api/src/machine_memory.hpp"
#include "api/src/worker_channel.hpp"

#include <weft/errors.hpp>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <string_view>
#include <sys/prctl.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace weft::detail {

namespace {

/// Why the process should end. Outlives everything: threads that cannot be ended may still look at it.
struct end_of_work {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<worker_signal> wanted; // stop or finish

  void want(worker_signal how) {
    std::lock_guard lock{mutex};
    wanted = how;
    changed.notify_all();
  }
  worker_signal wait() {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return wanted.has_value(); });
    return *wanted;
  }
};

// Without destructors: a task may still run and use what they would destroy.
[[noreturn]] void end_process(int code) {
  std::fflush(nullptr);
  _exit(code);
}

// A thread of its own, which no task and no lock can hold up.
void watch_parent(end_of_work& end) {
  const unique_descriptor end_of_program = end_of_parent();
  while (const auto signal = receive_signal(inherited_lifeline_descriptor, end_of_program.get()))
    if (*signal != worker_signal::joined) end.want(*signal);
  _exit(1);
}

// A terminal's Ctrl-C, and what ends all of a process group, is for the program: what follows, it says
// itself. Not ignored: programs that a task starts would inherit that.
void leave_to_the_program(int number) {
  struct sigaction how {};
  how.sa_handler = [](int) {};
  how.sa_flags = SA_RESTART;
  sigaction(number, &how, nullptr);
}

} // namespace

void run_worker_process() {
  unsetenv(worker_marker); // programs that a task starts are no workers
  for (const int descriptor : {inherited_control_descriptor, inherited_lifeline_descriptor})
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  leave_to_the_program(SIGINT);
  leave_to_the_program(SIGTERM);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    const worker_orders orders = receive_orders(inherited_lifeline_descriptor);
    prctl(PR_SET_NAME, orders.name.c_str());
    auto& end = *new end_of_work;
    try {
      std::thread([&end] { watch_parent(end); }).detach();
    } catch (const std::system_error& why) {
      throw error(orders.name + " cannot start a thread: " + why.what());
    }
    worker_options how;
    how.name = orders.name;
    how.threads = orders.threads;
    how.memory_limit = memory_for_threads(orders.threads);
    const auto node = node::instance();
    const auto worker =
        node->join_cluster({.address = "the program that started this process",
                            .socket = unique_descriptor(inherited_control_descriptor),
                            .key = orders.key},
                           std::move(how), [&end](const std::string&) { end.want(worker_signal::stop); });
    send_signal(inherited_lifeline_descriptor, worker_signal::joined);
    auto limit = orders.shutdown_timeout;
    if (end.wait() == worker_signal::finish) {
      if (!finish_tasks(*worker, limit, limit).empty())
        limit = std::chrono::nanoseconds(0);
      else if (worker->how_it_left().empty())
        std::fprintf(stderr, "weft: %s ends with data that no other worker could take over in time\n",
                     orders.name.c_str());
    }
    const auto tasks = worker->stop(limit);
    if (tasks.empty()) end_process(0);
    std::fprintf(stderr, "weft: ends in the middle of %s\n", join_words(tasks).c_str());
    end_process(1);
  } catch (const std::exception& error) {
    const std::string_view what = error.what();
    std::fprintf(stderr, "%s%s\n", what.starts_with("weft: ") ? "" : "weft: ", error.what());
    end_process(1);
  }
}

} // namespace weft::detail
