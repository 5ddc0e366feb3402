#include "api/src/local_cluster_implementation.hpp"

#include "api/src/program.hpp"
#include "runtime/services/garbage_thread.hpp"

#include <weft/detail/future_handle.hpp>
#include <weft/errors.hpp>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <utility>

namespace weft {

namespace {

std::uint32_t choose_threads(const local_cluster_options& options) {
  if (options.threads_per_worker > 0) return options.threads_per_worker;
  const auto workers = std::max<std::size_t>(1, options.workers);
  return std::max(1u, static_cast<std::uint32_t>(std::thread::hardware_concurrency() / workers));
}

std::optional<detail::cluster_key> make_key(const local_cluster_options& options) {
  if (!options.processes) return std::nullopt;
  detail::require_program_for_workers();
  return detail::cluster_key::make_ephemeral();
}

void say(const std::string& sentence) {
  std::fprintf(stderr, "weft: %s\n", sentence.c_str());
}

/// More than any machine runs: a negative number, most likely.
constexpr std::size_t workers_max = 65'536;

void require_possible(std::size_t workers) {
  if (workers > workers_max)
    throw std::invalid_argument("weft: a local_cluster of " + std::to_string(workers) +
                                " workers: it can have " + std::to_string(workers_max));
}

// A process says itself in the middle of which tasks it ends, if it still can.
std::string describe_laggard(bool is_process, const std::string& worker, const std::string& tasks) {
  if (is_process) return "the worker process " + worker + " did not end in time and is killed";
  return "waiting for " + tasks + " on " + worker + " to end; a thread cannot be killed";
}

} // namespace

// -- the implementation -----------------------------------------------------------------------------------

local_cluster::implementation::implementation(local_cluster_options its_options)
    : options(std::move(its_options)), threads_per_worker(choose_threads(options)),
      node(detail::node::instance()), key(make_key(options)) {
  require_possible(options.workers);
  detail::scheduler_options how;
  how.key = key;
  scheduler = node->start_scheduler(std::move(how));
  try {
    start_several(options.workers);
  } catch (...) {
    close();
    throw;
  }
}

local_cluster::implementation::~implementation() {
  close();
}

void local_cluster::implementation::require_open() const {
  if (closed_) throw std::logic_error("weft: this local_cluster is closed");
}

std::shared_ptr<detail::client_connection>
local_cluster::implementation::connect(const std::string& client_name) const {
  {
    std::lock_guard lock{mutex_};
    require_open();
  }
  return node->connect(scheduler, client_name);
}

std::string local_cluster::implementation::reserve_name(const std::string& wanted) {
  std::lock_guard lock{mutex_};
  require_open();
  const auto taken = [&](const std::string& name) {
    return std::find(starting_.begin(), starting_.end(), name) != starting_.end() ||
           std::any_of(workers_.begin(), workers_.end(),
                       [&](const auto& worker) { return worker->name() == name; });
  };
  std::string name = wanted;
  while (name.empty() || (wanted.empty() && taken(name)))
    name = "worker-" + std::to_string(next_number_++);
  if (taken(name)) throw connection_error("weft: the cluster has a worker named " + name + " already");
  starting_.push_back(name);
  return name;
}

std::unique_ptr<detail::cluster_worker> local_cluster::implementation::make(new_worker_options how) {
  const std::uint32_t threads = how.threads > 0 ? how.threads : threads_per_worker;
  if (options.processes)
    return detail::start_process_worker(scheduler, *key, how.name, threads, options.shutdown_timeout);
  return detail::start_thread_worker(*node, scheduler, how.name, threads);
}

std::string local_cluster::implementation::start(new_worker_options how) {
  how.name = reserve_name(how.name);
  const std::string name = how.name;
  std::unique_ptr<detail::cluster_worker> worker;
  const auto end_reservation = [&] {
    std::lock_guard lock{mutex_};
    std::erase(starting_, name);
    if (worker && !closed_) workers_.push_back(std::move(worker));
  };
  try {
    worker = make(std::move(how));
    if (options.processes) detail::wait_for_worker_process(*worker);
  } catch (...) {
    worker.reset();
    end_reservation();
    throw;
  }
  end_reservation();
  return name;
}

// Processes take some time to start, so they all do it at once.
void local_cluster::implementation::start_several(std::size_t count) {
  std::vector<std::string> names;
  std::vector<std::unique_ptr<detail::cluster_worker>> started;
  for (std::size_t i = 0; i < count; ++i)
    names.push_back(reserve_name({}));
  const auto end_reservations = [&] {
    std::lock_guard lock{mutex_};
    for (const auto& name : names)
      std::erase(starting_, name);
  };
  try {
    for (const auto& name : names)
      started.push_back(make({.name = name, .threads = 0}));
    if (options.processes)
      for (auto& worker : started)
        detail::wait_for_worker_process(*worker);
  } catch (...) {
    end_reservations();
    throw;
  }
  end_reservations();
  std::lock_guard lock{mutex_};
  if (closed_) return;
  std::move(started.begin(), started.end(), std::back_inserter(workers_));
}

// It hands over what it has; if a task does not end in time, what the worker is does make a difference.
void local_cluster::implementation::leave(std::unique_ptr<detail::cluster_worker> worker) {
  const auto limit = options.shutdown_timeout;
  const bool retired = scheduler->retire_worker(worker->name());
  const bool late = retired && !worker->wait_until_left(limit);
  if (!late) worker->ask_to_stop();
  const std::string tasks = late ? worker->finish(limit) : worker->wait_until_stopped(limit);
  if (!tasks.empty()) {
    say(describe_laggard(options.processes, worker->name(), tasks));
    worker->force_to_stop();
  }
  // A process says it itself.
  if (late && !worker->wait_until_left(std::chrono::nanoseconds(0)))
    say(worker->name() + " ends with data that no other worker could take over in time");
}

// Who asks for it waits for its end.
void local_cluster::implementation::require_other(const detail::cluster_worker& worker) const {
  if (worker.runs_calling_thread())
    throw std::logic_error("weft: a task cannot end the worker that it runs on, which is " + worker.name());
}

void local_cluster::implementation::stop(const std::string& name) {
  std::unique_ptr<detail::cluster_worker> worker;
  {
    std::lock_guard lock{mutex_};
    require_open();
    const auto found = std::find_if(workers_.begin(), workers_.end(),
                                    [&](const auto& each) { return each->name() == name; });
    if (found == workers_.end()) throw std::invalid_argument("weft: the cluster has no worker named " + name);
    require_other(**found);
    worker = std::move(*found);
    workers_.erase(found);
  }
  leave(std::move(worker));
}

void local_cluster::implementation::scale(std::size_t count) {
  require_possible(count);
  std::vector<std::unique_ptr<detail::cluster_worker>> superfluous;
  std::size_t missing = 0;
  {
    std::lock_guard lock{mutex_};
    require_open();
    std::erase_if(workers_, [](const auto& worker) { return !worker->running(); });
    const std::size_t now = workers_.size() + starting_.size();
    missing = count > now ? count - now : 0;
    for (std::size_t i = count; i < workers_.size(); ++i)
      require_other(*workers_[i]);
    while (workers_.size() > count) {
      superfluous.push_back(std::move(workers_.back()));
      workers_.pop_back();
    }
  }
  start_several(missing);
  for (auto& worker : superfluous)
    leave(std::move(worker));
}

std::vector<std::string> local_cluster::implementation::names() const {
  std::lock_guard lock{mutex_};
  std::vector<std::string> result;
  for (const auto& worker : workers_)
    if (worker->running()) result.push_back(worker->name());
  return result;
}

void local_cluster::implementation::close() {
  {
    std::lock_guard lock{mutex_};
    for (const auto& worker : workers_)
      require_other(*worker);
  }
  close_once_([&] { stop_everything(); });
  detail::garbage_thread::drain(); // on which somebody may just wait for the end of closing
}

void local_cluster::implementation::stop_everything() {
  std::vector<std::unique_ptr<detail::cluster_worker>> workers;
  {
    std::lock_guard lock{mutex_};
    closed_ = true;
    workers.swap(workers_);
  }
  for (auto& worker : workers)
    worker->ask_to_stop();
  const auto deadline = detail::deadline_after(options.shutdown_timeout);
  std::vector<detail::cluster_worker*> laggards;
  for (auto& worker : workers) {
    const auto left = std::max(std::chrono::nanoseconds(0), deadline - detail::instant::now());
    const std::string tasks = worker->wait_until_stopped(left);
    if (tasks.empty()) continue;
    say(describe_laggard(options.processes, worker->name(), tasks));
    laggards.push_back(worker.get());
  }
  // Whoever waits for another task would wait for ever: there is nobody left who could run it.
  if (!laggards.empty() && !options.processes) scheduler->stop();
  for (detail::cluster_worker* const worker : laggards)
    worker->force_to_stop();
  workers.clear();
  if (scheduler) scheduler->stop();
}

// -- what the user calls ----------------------------------------------------------------------------------

local_cluster::local_cluster() : local_cluster(local_cluster_options{}) {}
local_cluster::local_cluster(local_cluster_options options)
    : implementation_(new implementation(std::move(options))) {}
local_cluster::~local_cluster() {
  delete implementation_;
}

void local_cluster::scale(std::size_t workers) {
  implementation_->scale(workers);
}
std::string local_cluster::start_worker(new_worker_options options) {
  return implementation_->start(std::move(options));
}
void local_cluster::stop_worker(const std::string& name) {
  implementation_->stop(name);
}
std::vector<std::string> local_cluster::worker_names() const {
  return implementation_->names();
}
void local_cluster::close() {
  implementation_->close();
}

} // namespace weft
