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
  bool insecure = false;
  std::optional<std::string> address;
  std::vector<std::string> files; ///< all other arguments
};

/// What an example takes besides what all do.
struct accepts {
  bool sleep = false;
  bool files = false;
};

inline void print_usage(const std::string& program, const accepts& also) {
  std::cout << "usage: " << program << (also.sleep ? " [--sleep]" : "")
            << " [--processes | --connect ADDRESS [--insecure]]"
            << (also.files ? " [FILE or DIRECTORY]..." : "") << "\n\n"
            << (also.sleep ? "  --sleep              let each task take up to a second\n" : "")
            << "  --processes          run the tasks in worker processes, not in threads of this one\n"
               "  --connect ADDRESS    run them on the cluster whose scheduler is at ADDRESS\n"
               "  --insecure           allow an ADDRESS that is not on this machine: nothing is encrypted\n"
               "  -h, --help           say this and end\n\n"
               "or: "
            << program << " --weft-worker ADDRESS, to be a worker of that cluster\n";
}

/// Throws std::invalid_argument naming what is wrong.
inline options parse(int argc, char** argv, const accepts& also) {
  options result;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h")
      result.help = true;
    else if (argument == "--sleep" && also.sleep)
      result.sleep = true;
    else if (argument == "--processes")
      result.processes = true;
    else if (argument == "--insecure")
      result.insecure = true;
    else if (argument == "--connect" && i + 1 < argc)
      result.address = argv[++i];
    else if (argument == "--connect")
      throw std::invalid_argument("--connect wants an ADDRESS");
    else if (argument.substr(0, 1) == "-")
      throw std::invalid_argument("unknown option " + std::string(argument) +
                                  "; --help says which there are");
    else if (!also.files)
      throw std::invalid_argument("nothing is done with '" + std::string(argument) +
                                  "'; --help says which arguments there are");
    else
      result.files.emplace_back(argument);
  }
  if (result.processes && result.address)
    throw std::invalid_argument("--processes and --connect exclude each other: the cluster at " +
                                *result.address + " has its own workers");
  if (result.insecure && !result.address)
    throw std::invalid_argument("--insecure is about the ADDRESS of --connect, which is missing");
  return result;
}

/// A local cluster, or none where the scheduler is elsewhere.
class cluster {
 public:
  explicit cluster(const options& from) : address_(from.address), insecure_(from.insecure) {
    if (!address_)
      local_ = std::make_unique<weft::local_cluster>(
          weft::local_cluster_options{.workers = 2, .threads_per_worker = 2, .processes = from.processes});
  }

  weft::client connect() {
    return local_ ? weft::client{*local_} : weft::client{*address_, {.insecure = insecure_}};
  }

  /// Somebody else's cluster has the workers that it has.
  void add_workers(int count, std::uint32_t threads) {
    for (int i = 0; local_ && i < count; ++i)
      local_->start_worker({.name = {}, .threads = threads});
  }

 private:
  std::optional<std::string> address_;
  bool insecure_;
  std::unique_ptr<weft::local_cluster> local_;
};

/// Runs the example, or says how it is used. The exit codes are those of `weft`: 1 a task failed or the
/// output was lost, 2 usage, 3 cannot connect, 4 timeout, 5 mismatch of builds.
template <class Run>
int main(int argc, char** argv, const accepts& also, Run run) {
  try {
    const options given = parse(argc, argv, also);
    if (given.help)
      print_usage(argv[0], also);
    else
      run(given);
    if (!std::cout.flush()) throw std::runtime_error("the output could not be written");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return weft::exit_code_for_exception();
  }
}

} // namespace example
