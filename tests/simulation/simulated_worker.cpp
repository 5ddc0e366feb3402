#include "tests/simulation/simulated_worker.hpp"

#include "tests/simulation/world.hpp"

#include <algorithm>
#include <utility>

namespace weft::test {

namespace {

std::string who(worker_id worker) {
  return "worker " + std::to_string(worker.value);
}

constexpr std::uint64_t report_limit = 1024; // larger values stay where they were made

} // namespace

simulated_worker::simulated_worker(world& its, worker_id self, attributes_ptr attributes)
    : machine(self), from_scheduler(its.clock, its.fork(), its.link_delays(),
                                    [this](auto&& batch) { hear(std::forward<decltype(batch)>(batch)); }),
      to_scheduler(its.clock, its.fork(), its.link_delays(),
                   [&its](auto&& batch) { its.scheduler.hear(std::forward<decltype(batch)>(batch)); }),
      world_(its), chance_(its.fork()), attributes_(std::move(attributes)), threads_(attributes_->threads) {
  std::vector<scheduler_event> hello;
  hello.emplace_back(worker_joined{self, attributes_});
  to_scheduler.send(std::move(hello));
}

bool simulated_worker::idle() const {
  return waiting_.empty() &&
         std::none_of(threads_.begin(), threads_.end(), [](const executor_thread& its) { return its.busy; });
}

// -- hearing and saying -------------------------------------------------------------------------------------

void simulated_worker::when_awake(std::function<void()> action) {
  if (!alive_) return;
  if (deferred_.empty() && world_.clock.now() >= stalled_until_) return action();
  deferred_.push_back(std::move(action));
  if (deferred_.size() == 1) world_.clock.at(stalled_until_, [this] { awake(); });
}

// Does what came up meanwhile, in its order.
void simulated_worker::awake() {
  if (world_.clock.now() < stalled_until_) return world_.clock.at(stalled_until_, [this] { awake(); });
  const auto actions = std::exchange(deferred_, {});
  for (const auto& action : actions)
    if (alive_) action();
}

void simulated_worker::hear(std::vector<worker_event>&& batch) {
  when_awake([this, batch = std::move(batch)]() mutable {
    for (worker_event& event : batch)
      step(std::move(event));
    flush();
  });
}

void simulated_worker::hear_from_network(worker_event&& event) {
  when_awake([this, event = std::move(event)]() mutable {
    step(std::move(event));
    flush();
  });
}

void simulated_worker::step(worker_event&& event) {
  if (!alive_) return;
  world_.tale.hears(world_.clock.now(), who(self()), event);
  if (world_.fault == planted_fault::replica_not_freed && std::holds_alternative<drop_replica>(event)) return;
  if (world_.fault == planted_fault::held_question_forgotten)
    if (const auto* asked = std::get_if<value_requested>(&event)) {
      const worker_task* row = machine.find(asked->task);
      if (!row || row->is != worker_task::phase::stored) return;
    }
  if (const auto* introduced = std::get_if<peer_introduced>(&event))
    world_.network.introduce({self(), {}}, introduced->worker);
  const auto* lost = std::get_if<peer_lost>(&event);
  const worker_id gone = lost ? lost->worker : worker_id{};
  machine.step(world_.clock.now(), std::move(event), commands_);
  if (gone) world_.network.forget({self(), {}}, gone);
}

void simulated_worker::flush() {
  send_reports();
  world_.network.perform({self(), {}}, commands_.to_peers);
  for (const auto& [task, run] : commands_.to_stop)
    stop(task, run);
  const bool leaves = commands_.leave;
  const bool ready = commands_.newly_ready > 0;
  commands_ = {};
  if (leaves) return end("it left", ending::left);
  plan_tick();
  if (ready) wake_threads();
}

void simulated_worker::send_reports() {
  auto& reports = commands_.to_scheduler;
  if (world_.fault == planted_fault::give_back_not_answered)
    std::erase_if(reports, [](const scheduler_event& event) {
      return std::holds_alternative<task_kept>(event) || std::holds_alternative<task_given_back>(event);
    });
  if (world_.fault == planted_fault::dependents_not_taken_back) {
    bool first = true;
    std::erase_if(reports, [&](const scheduler_event& event) {
      return std::holds_alternative<task_given_back>(event) && !std::exchange(first, false);
    });
  }
  if (world_.fault == planted_fault::report_duplicated && !reports.empty() && chance_.chance(20))
    if (const auto* finished = std::get_if<task_finished>(&reports.back())) reports.emplace_back(*finished);
  for (scheduler_event& event : reports) {
    if (live()) world_.facts.reported(self(), event);
    auto* finished = std::get_if<task_finished>(&event);
    if (!finished) continue;
    if (world_.knobs.reports_directly && finished->value) report_directly(*finished);
    if (!world_.knobs.shares_process && finished->nbytes > report_limit) finished->value = nullptr;
  }
  to_scheduler.send(std::exchange(reports, {}));
}

// As in one process: past the scheduler, and so maybe later than what the scheduler has decided since.
void simulated_worker::report_directly(const task_finished& report) {
  simulated_client* client = world_.client(report.task.client());
  auto its = to_clients_.find(client->self());
  if (its == to_clients_.end()) {
    delays slow = world_.link_delays();
    if (chance_.chance(300)) slow.most *= 20;
    simulated_link<holder_event> link(world_.clock, chance_.fork(), slow,
                                      [client](std::vector<holder_event>&& batch) {
                                        if (client->connected()) client->hear_batch(std::move(batch));
                                      });
    its = to_clients_.emplace(client->self(), std::move(link)).first;
  }
  std::vector<holder_event> batch;
  batch.emplace_back(result_ready{report.task, report.run, self(), report.nbytes, report.value});
  its->second.send(std::move(batch));
}

void simulated_worker::plan_tick() {
  if (world_.fault == planted_fault::deadline_dropped) return;
  const auto deadline = machine.next_deadline();
  if (!deadline || (tick_planned_ > instant{} && tick_planned_ <= *deadline)) return;
  tick_planned_ = *deadline;
  world_.clock.at(*deadline, [this] {
    when_awake([this] {
      tick_planned_ = {};
      machine.tick(world_.clock.now(), commands_);
      // Where tasks run for long, a deadline may pass while one is rightly waited for.
      const bool short_runs = world_.knobs.run_time < 1'000'000;
      expect(!world_.knobs.calm() || !short_runs || commands_.to_scheduler.empty(),
             "a deadline had to help although nothing went wrong");
      flush();
    });
  });
}

void simulated_worker::end(const char* why, ending how) {
  if (!alive_) return;
  if (world_.tale.told()) world_.tale.tell(world_.clock.now(), who(self()), std::string("ends: ") + why);
  alive_ = false;
  world_.facts.worker_ended(self(), how != ending::left);
  world_.network.ended({self(), {}});
  from_scheduler.cut();
  std::vector<scheduler_event> last_word;
  last_word.emplace_back(worker_lost{self(), why});
  if (how != ending::machine_died) return to_scheduler.send(std::move(last_word));
  to_scheduler.cut();
  if (cut_off_) return; // the scheduler knows
  world_.clock.after(world_.link_delays().draw(chance_),
                     [this, last_word]() mutable { world_.scheduler.hear(std::move(last_word)); });
}

void simulated_worker::stall(instant until) {
  stalled_until_ = std::max(stalled_until_, until);
  if (world_.tale.told()) world_.tale.tell(world_.clock.now(), who(self()), "stalls");
}

// -- threads ------------------------------------------------------------------------------------------------

void simulated_worker::wake_threads() {
  for (std::size_t i = 0; i < threads_.size(); ++i)
    if (!threads_[i].busy && !threads_[i].extra)
      world_.clock.after(chance_.between(0, 2'000), [this, i] { when_awake([this, i] { take(i); }); });
}

void simulated_worker::take(std::size_t thread) {
  executor_thread& its = threads_[thread];
  if (its.busy || its.extra) return;
  std::vector<ready_task> taken;
  if (world_.knobs.takes_several)
    machine.take_several(50'000, 8, taken, commands_);
  else if (auto one = machine.take(commands_))
    taken.push_back(std::move(*one));
  flush();
  if (taken.empty()) return;
  its.busy = true;
  for (ready_task& what : taken)
    its.runs.push_back({std::move(what)});
  run_next(thread);
}

void simulated_worker::run_next(std::size_t thread) {
  planned_run& next = threads_[thread].runs.front();
  std::int64_t duration = 1'000;
  if (!next.stopped) {
    next.begun = true;
    if (world_.tale.told()) {
      std::string text = "runs ";
      append_text(text, next.what.task);
      world_.tale.tell(world_.clock.now(), who(self()), text + " run " + std::to_string(next.what.run.value));
    }
    world_.facts.run_begins(self(), next.what, [this](worker_id worker, task_id task) {
      if (!world_.is_live(worker)) return false;
      const worker_task* row = world_.worker(worker)->machine.find(task);
      return row && row->is == worker_task::phase::running && !row->aborted;
    });
    duration = chance_.between(world_.knobs.run_time / 4, world_.knobs.run_time * 7 / 4);
    if (world_.facts.of(next.what.task).behaves == behaviour::kills)
      world_.clock.after(duration / 2, [id = self(), its = &world_] { its->kill(id, ending::process_died); });
    if (chance_.chance(world_.knobs.secedes)) {
      const std::int64_t rest = duration / 2;
      world_.clock.after(duration - rest, [this, thread, rest] {
        when_awake([this, thread, rest] { secede(thread, rest); });
      });
      return;
    }
  }
  world_.clock.after(duration, [this, thread] { when_awake([this, thread] { finish(thread); }); });
}

void simulated_worker::finish(std::size_t thread) {
  executor_thread& its = threads_[thread];
  planned_run done = std::move(its.runs.front());
  its.runs.pop_front();
  const task_id task = done.what.task;
  const run_id run = done.what.run;
  const std::int64_t duration = std::max<std::int64_t>(world_.knobs.run_time, 1);
  task_facts& facts = world_.facts.of(task);
  const bool stops = done.stopped && (!done.begun || chance_.chance(500));
  const bool refuses = facts.points && !has_rare_module() && done.begun && !stops;
  const bool throws =
      !refuses && (facts.behaves == behaviour::throws || (facts.throws_left > 0 && done.begun && !stops));
  const bool abandons = !stops && !throws && !refuses && world_.retires(self()) && chance_.chance(300);
  if (done.begun)
    world_.facts.run_ends(self(), task, run, !stops && !throws && !refuses && !abandons && !done.stopped);
  if (abandons) {
    step(run_abandoned{task, run}); // it was told that its worker leaves
  } else if (refuses) {
    const bool told_apart = world_.fault != planted_fault::refusal_not_told_apart;
    const auto kind = told_apart ? failure_kind::module_absent : failure_kind::build_mismatch;
    step(run_failed{task, run, duration, failure::make(kind, "it is not loaded here")});
  } else if (stops || throws) {
    auto why = make_intrusive<failure>();
    why->type = "simulated_error";
    append_text(why->messages.emplace_back(), task);
    why->worker = name();
    if (throws && facts.throws_left > 0) --facts.throws_left;
    step(run_failed{task, run, duration, std::move(why)});
  } else {
    step(run_finished{task, run, duration, done.what.body->run(done.what.inputs)});
  }
  done = {};
  const bool more = !its.runs.empty();
  its.busy = more;
  flush();
  if (!alive_) return;
  if (more)
    run_next(thread);
  else
    take(thread);
}

// The thread goes on with what stands behind; who waits needs none until it goes on.
void simulated_worker::secede(std::size_t thread, std::int64_t rest) {
  executor_thread& its = threads_[thread];
  planned_run& waits = waiting_.emplace_back(std::move(its.runs.front()));
  its.runs.pop_front();
  its.busy = !its.runs.empty();
  const task_id task = waits.what.task;
  const run_id run = waits.what.run;
  step(run_seceded{task, run});
  flush();
  if (!alive_) return;
  world_.clock.after(chance_.between(0, 4 * world_.knobs.run_time), [this, task, run, rest] {
    when_awake([this, task, run, rest] { rejoin(task, run, rest); });
  });
  if (threads_[thread].busy)
    run_next(thread);
  else
    take(thread);
}

void simulated_worker::rejoin(task_id task, run_id run, std::int64_t rest) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const planned_run& its) {
    return its.what.task == task && its.what.run == run;
  });
  executor_thread& its = threads_.emplace_back();
  its.busy = its.extra = true;
  its.runs.push_back(std::move(*found));
  waiting_.erase(found);
  step(run_rejoined{task, run});
  flush();
  world_.clock.after(
      rest, [this, thread = threads_.size() - 1] { when_awake([this, thread] { finish(thread); }); });
}

void simulated_worker::stop(task_id task, run_id run) {
  for (planned_run& its : waiting_)
    if (its.what.task == task && its.what.run == run) its.stopped = true;
  for (executor_thread& thread : threads_)
    for (planned_run& its : thread.runs)
      if (its.what.task == task && its.what.run == run) its.stopped = true;
}

} // namespace weft::test
