#pragma once

#include <weft/weft.hpp>

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

/// What all examples share: where they run (in this process, over worker processes, on a cluster elsewhere)
/// and what they do when something goes wrong.
namespace example {

struct options {
  bool sleep = false;
  bool processes = false;
  std::optional<std::string> address;
  std::vector<std::string> files; ///< all other arguments
};

inline options parse(int argc, char** argv) {
  options result;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--sleep")
      result.sleep = true;
    else if (argument == "--processes")
      result.processes = true;
    else if (argument == "--connect" && i + 1 < argc)
      result.address = argv[++i];
    else if (argument.substr(0, 1) == "-")
      throw std::invalid_argument("unknown option " + std::string(argument) +
                                  "; there are --sleep, --processes and --connect ADDRESS");
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

/// Exit codes as those of `weft`: 1 a task failed, 2 usage.
template <class Run>
int main(int argc, char** argv, Run run) {
  try {
    run(parse(argc, argv));
    return 0;
  } catch (const std::invalid_argument& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return 1;
  }
}

} // namespace example
