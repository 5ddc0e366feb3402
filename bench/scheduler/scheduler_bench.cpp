// W11: what the scheduler's machine alone does in a second, against workers that finish at once: prints lines
// "weft-scheduler W11 METRIC VALUE UNIT"; see bench/README.md.

#include "bench/support/process_figures.hpp"
#include "bench/support/runner.hpp"
#include "runtime/scheduler/scheduler_state.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace bench;
using namespace weft::detail;

// One function, in this program.
class one_function : public function_directory {
 public:
  weft::module_id module_of(weft::function_id) const override { return {1}; }
  weft::module_id target_module_of(weft::function_id) const override { return {}; }
  bool is_local(weft::module_id) const override { return true; }
  std::string name_of(weft::function_id) const override { return "inc"; }
  std::string description_of(weft::module_id) const override { return "this program"; }
};

// A scheduler, a client and workers, whose messages arrive at once.
class toy_cluster {
 public:
  explicit toy_cluster(std::uint32_t workers) : scheduler_(functions_) {
    say(client_joined{client, "client"});
    for (std::uint32_t i = 1; i <= workers; ++i) {
      worker_attributes attributes;
      attributes.name = std::to_string(i);
      attributes.shares_process = true;
      say(worker_joined{{i}, std::make_shared<const worker_attributes>(std::move(attributes))});
      if (i % 100 == 0) take_turns();
    }
    take_turns();
  }

  void submit(std::uint64_t sequence) {
    submit_task task;
    task.task = weft::task_id::make(client, sequence);
    task.function = {1};
    say(std::move(task));
  }

  // Takes in what has been said, and what the workers answer to it. Lists keep their memory from turn to
  // turn, as the outboxes of a running cluster do.
  void take_turns() {
    while (!said_.empty()) {
      said_.swap(heard_);
      for (std::size_t next = 0; next < heard_.size();)
        take_turn(next);
      heard_.clear();
    }
  }

  std::uint64_t results() const { return results_; }
  std::size_t tasks_known() const { return scheduler_.task_count(); }

 private:
  static constexpr weft::client_id client{1};
  static constexpr std::size_t turn = 4096; // events between two placements, as in the scheduler's actor

  void take_turn(std::size_t& next) {
    for (const std::size_t until = std::min(heard_.size(), next + turn); next < until; ++next)
      scheduler_.step(std::move(heard_[next]), commands_);
    scheduler_.settle(commands_);
    commands_.to_workers.flush([this](weft::worker_id worker, std::vector<worker_event>& batch) {
      for (const auto& command : batch)
        answer(worker, command);
    });
    commands_.to_clients.flush([this](weft::client_id, std::vector<holder_event>& batch) {
      for (const auto& event : batch)
        if (const auto* ready = std::get_if<result_ready>(&event)) {
          ++results_;
          say(release_task{ready->task});
        }
    });
  }

  template <class Event>
  void say(Event&& event) {
    said_.emplace_back(std::forward<Event>(event));
  }

  // A worker has run everything by the time it is asked for something else.
  void answer(weft::worker_id worker, const worker_event& command) {
    if (const auto* compute = std::get_if<compute_task>(&command))
      say(task_finished{worker, compute->task, compute->run, 1'000, 8, nullptr});
    else if (const auto* back = std::get_if<give_back_task>(&command))
      say(task_kept{worker, back->task, back->run});
  }

  one_function functions_;
  scheduler_state scheduler_;
  scheduler_commands commands_;
  std::vector<scheduler_event> said_;
  std::vector<scheduler_event> heard_;
  std::uint64_t results_ = 0;
};

// The client submits in batches, of at least ten tasks for every worker, and drops each result as it comes.
measures schedule(const settings& how, std::uint32_t workers) {
  const auto count = static_cast<std::uint64_t>(how.scaled(1'000'000));
  const std::uint64_t batch = std::max<std::uint64_t>(1'000, std::uint64_t{10} * workers);
  const auto before = resident_bytes();
  const double started = now();
  toy_cluster cluster{workers};
  const double begun = now();
  for (std::uint64_t sent = 0; sent < count;) {
    for (std::uint64_t i = 0; i < batch && sent < count; ++i)
      cluster.submit(++sent);
    cluster.take_turns();
  }
  const double done = now() - begun;
  const auto after = resident_bytes();
  expect(cluster.results() == count, "W11: every task has a result");
  expect(cluster.tasks_known() == 0, "W11: what nobody wants is forgotten");
  const std::string suffix = "_" + std::to_string(workers);
  return {{"join" + suffix, (begun - started) / workers * 1e6, "us"},
          {"throughput" + suffix, static_cast<double>(count) / done, "tasks/s", true},
          {"memory" + suffix, (static_cast<double>(after) - static_cast<double>(before)) / 1e6, "MB"}};
}

} // namespace

int main(int argc, char** argv) {
  std::vector<workload> workloads;
  for (const std::uint32_t workers : {1u, 10u, 100u, 1'000u, 10'000u})
    workloads.push_back(
        {"W11", [workers](const settings& how) { return schedule(how, workers); }, workload::where::alone});
  const settings how = read_settings(argc, argv, {}, names_of(workloads));
  return run_workloads(how, "weft-scheduler", "", workloads);
}
