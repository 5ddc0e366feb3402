#include "api/src/program.hpp"
#include "api/src/worker_channel.hpp"
#include "api/src/worker_command.hpp"
#include "api/src/worker_process.hpp"
#include "runtime/services/descriptor.hpp"
#include "runtime/services/standard_descriptors.hpp"

#include <weft/init.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace weft {

namespace detail {

namespace {

struct program_state {
  std::mutex mutex;
  bool live = false; // a weft::init is
  bool is_worker = false;
  unique_descriptor file;
  std::string name;
};

program_state& state() {
  static program_state& its =
      *new program_state; // worker processes may be started while statics are destroyed
  return its;
}

} // namespace

program_file program_for_workers() {
  auto& program = state();
  std::lock_guard lock{program.mutex};
  if (program.is_worker)
    throw std::logic_error("weft: a worker process cannot start a local_cluster with .processes = true");
  if (!program.live)
    throw std::logic_error(
        "weft: a local_cluster with .processes = true runs this program again as its workers; put "
        "`weft::init init{argc, argv};` first in main");
  return {"/proc/self/fd/" + std::to_string(program.file.get()), program.name};
}

void require_program_for_workers() {
  program_for_workers();
}

void become_worker_process() {
  auto& program = state();
  std::lock_guard lock{program.mutex};
  program.is_worker = true;
}

} // namespace detail

init::init(int argc, char** argv) {
  detail::fill_standard_descriptors();
  if (std::getenv(detail::worker_marker)) {
    detail::become_worker_process();
    detail::run_worker_process();
  }
  const std::string_view option = "--weft-worker";
  const std::string_view first = argc > 1 ? argv[1] : "";
  const bool with_address = first.starts_with(std::string(option) + '=');
  if (first == option || with_address) {
    detail::become_worker_process();
    std::vector<std::string> words(argv + 2, argv + argc);
    if (with_address) words.emplace(words.begin(), first.substr(option.size() + 1));
    detail::run_worker_command(words);
  }
  auto& program = detail::state();
  std::lock_guard lock{program.mutex};
  if (program.live) throw std::logic_error("weft: there is a weft::init already");
  // Opened above the numbers that worker processes inherit descriptors at.
  detail::unique_descriptor opened{open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  program.file.reset(opened ? fcntl(opened.get(), F_DUPFD_CLOEXEC, 10) : -1);
  // A number above the limit of descriptors is EINVAL.
  const int why = opened && errno == EINVAL ? EMFILE : errno;
  if (!program.file)
    throw std::system_error(why, std::generic_category(), "weft: cannot open this program's file");
  program.name = argc > 0 ? argv[0] : "weft-worker";
  program.live = true;
}

init::~init() {
  auto& program = detail::state();
  std::lock_guard lock{program.mutex};
  program.live = false;
  program.file.reset();
}

} // namespace weft
