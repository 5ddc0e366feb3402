// Measures Weft itself: prints lines "weft-MODE WORKLOAD METRIC VALUE UNIT"; see bench/README.md.

#include "bench/support/runner.hpp"
#include "bench/workloads/workloads.hpp"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace bench;
using where = workload::where;

// What a workload measures.
struct entry {
  const char* name;
  measures (*run)(session&, const settings&);
  where runs;
  bool processes_only = false;
};
constexpr entry entries[] = {
    {"W1", independent_tasks, where::warm},
    {"W2", chain, where::warm},
    {"W3", notebook_graph, where::warm},
    {"W4", tree_reduction, where::warm},
    {"W5", as_completed_reduction, where::warm},
    {"W6", round_trips, where::warm},
    {"W7", transfers, where::warm},
    {"W8", smallest_tasks, where::cold},
    {"W9", million_pending, where::alone},
    {"W9", ten_million_pending, where::alone},
    {"W10", killed_worker, where::cold, true},
    {"W10", joining_worker, where::cold, true},
};

// As a program that embeds a cluster has it: one for all repetitions.
auto in_one_session(const entry& its, bool processes) {
  return [run = its.run, processes, kept = std::shared_ptr<session>{}](const settings& how) mutable {
    if (kept)
      kept->settle();
    else
      kept = std::make_shared<session>(processes);
    return run(*kept, how);
  };
}

auto in_fresh_sessions(const entry& its, bool processes) {
  return [run = its.run, processes](const settings& how) {
    session fresh{processes};
    return run(fresh, how);
  };
}

std::vector<workload> workloads_of(const std::string& mode) {
  const bool processes = mode == "procs";
  std::vector<workload> result;
  for (const auto& each : entries) {
    if (each.processes_only && !processes) continue;
    if (each.runs == where::warm)
      result.push_back({each.name, in_one_session(each, processes), each.runs});
    else
      result.push_back({each.name, in_fresh_sessions(each, processes), each.runs});
  }
  return result;
}

} // namespace

int main(int argc, char** argv) {
  weft::init init{argc, argv};
  const settings how = read_settings(argc, argv, {"inproc", "procs"}, names_of(workloads_of("procs")));
  int failed = 0;
  for (const auto& mode : how.modes)
    failed |= run_workloads(how, "weft-" + mode, mode, workloads_of(mode));
  return failed;
}
