#pragma once

#include <weft/weft.hpp>
#include <weft/worker.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What all examples share: where they run (in this process, over worker processes, on a cluster elsewhere),
/// what `--help` says, and what they do when something goes wrong.
namespace example {

struct options {
  bool help = false;
  bool sleep = false;
  bool processes = false;
  std::optional<std::string> address;
  std::vector<std::string> files; ///< all other arguments
};

inline options parse(int argc, char** argv) {
  options result;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help")
      result.help = true;
    else if (argument == "--sleep")
      result.sleep = true;
    else if (argument == "--processes")
      result.processes = true;
    else if (argument == "--connect" && i + 1 < argc)
      result.address = argv[++i];
    else if (argument == "--connect")
      throw std::invalid_argument("--connect wants an ADDRESS");
    else if (argument.substr(0, 1) == "-")
      throw std::invalid_argument("unknown option " + std::string(argument) +
                                  "; --help says which there are");
    else
      result.files.emplace_back(argument);
  }
  return result;
}

/// A local cluster, or none where the scheduler is elsewhere.
class cluster {
 public:
  explicit cluster(const options& from) : address_(from.address) {
    if (!address_)
      local_ = std::make_unique<weft::local_cluster>(
          weft::local_cluster_options{.workers = 2, .threads_per_worker = 2, .processes = from.processes});
  }

  weft::client connect() { return local_ ? weft::client{*local_} : weft::client{*address_}; }

  /// Somebody else's cluster has the workers that it has.
  void add_workers(int count, std::uint32_t threads) {
    for (int i = 0; local_ && i < count; ++i)
      local_->start_worker({.name = {}, .threads = threads});
  }

 private:
  std::optional<std::string> address_;
  std::unique_ptr<weft::local_cluster> local_;
};

/// Runs the example, or says how it is used: `usage` is what follows the program's name. The exit codes are
/// those of `weft`: 1 a task failed, 2 usage, 3 cannot connect, 4 timeout, 5 mismatch of builds.
template <class Run>
int main(int argc, char** argv, const char* usage, Run run) {
  try {
    const options given = parse(argc, argv);
    if (given.help)
      std::cout << "usage: " << argv[0] << ' ' << usage << "\n\n"
                << "  --processes          run the tasks in worker processes, not in threads of this one\n"
                << "  --connect ADDRESS    run them on the cluster whose scheduler is at ADDRESS\n\n"
                << "or: " << argv[0] << " --weft-worker ADDRESS, to be a worker of that cluster\n";
    else
      run(given);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return weft::exit_code_for_exception();
  }
}

} // namespace example
