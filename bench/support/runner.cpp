#include "bench/support/runner.hpp"

#include "bench/support/statistics.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

// All repetitions of one metric.
struct series {
  measure first;
  std::vector<double> values;
};

void add(std::vector<series>& all, const measures& measured) {
  for (const auto& each : measured) {
    auto its = std::ranges::find(all, each.metric, [](const series& s) { return s.first.metric; });
    if (its == all.end()) its = all.insert(its, series{each, {}});
    its->values.push_back(each.value);
  }
}

void print(const std::string& peer, const std::string& name, const std::vector<series>& all) {
  for (const auto& [what, values] : all) {
    const double best = what.more_is_better ? std::ranges::max(values) : std::ranges::min(values);
    for (const auto& [kind, value] : {std::pair{"best", best}, std::pair{"median", median(values)}})
      std::printf("%s %s %s_%s %.6g %s\n", peer.c_str(), name.c_str(), what.metric.c_str(), kind, value,
                  what.unit.c_str());
  }
  std::fflush(stdout);
}

// What `--single` prints, and what its parent reads: METRIC VALUE UNIT MORE_IS_BETTER.
void print_single(const measures& measured) {
  for (const auto& each : measured)
    std::printf("%s %.17g %s %d\n", each.metric.c_str(), each.value, each.unit.c_str(), each.more_is_better);
  std::fflush(stdout);
}

measures read_single(std::istream& from) {
  measures result;
  measure each;
  while (from >> each.metric >> each.value >> each.unit >> each.more_is_better)
    result.push_back(each);
  return result;
}

measures run_in_fresh_process(const settings& how, const std::string& mode, std::size_t position) {
  std::vector<std::string> words = {"/proc/self/exe", "--single", std::to_string(position), "--scale",
                                    std::to_string(how.scale)};
  if (!mode.empty()) words.push_back(mode);
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);

  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  char part[4096];
  for (ssize_t got; (got = ::read(ends[0], part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("its process failed");
  std::istringstream lines{text};
  return read_single(lines);
}

} // namespace

std::vector<std::string> names_of(const std::vector<workload>& workloads) {
  std::vector<std::string> names;
  for (const auto& each : workloads)
    if (std::ranges::find(names, each.name) == names.end()) names.push_back(each.name);
  return names;
}

int run_workloads(const settings& how, const std::string& peer, const std::string& mode,
                  const std::vector<workload>& workloads, bool quiet) {
  int failed = 0;
  for (std::size_t position = 0; position < workloads.size(); ++position) {
    const workload each = workloads[position]; // a copy, with which ends what it keeps
    const bool single = how.single >= 0;
    if (single ? how.single != static_cast<int>(position) : !how.wants(each.name)) continue;
    std::vector<series> all;
    try {
      if (single) {
        print_single(each.run(how));
        continue;
      }
      if (each.runs == workload::where::warm) each.run(how);
      for (int i = 0; i < how.repeat; ++i)
        add(all,
            each.runs == workload::where::alone ? run_in_fresh_process(how, mode, position) : each.run(how));
    } catch (const std::exception& thrown) {
      std::fprintf(stderr, "%s %s: %s\n", peer.c_str(), each.name.c_str(), thrown.what());
      failed = 1;
    }
    if (!quiet) print(peer, each.name, all);
  }
  return failed;
}

void expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("wrong result: ") + what);
}

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

} // namespace bench
