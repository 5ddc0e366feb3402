#include "tests/simulation/world.hpp"

#include "runtime/core/check.hpp"

#include <algorithm>

namespace weft::test {

namespace {

const std::string names[] = {"alice", "bob", "carol"};

[[noreturn]] void throw_broken_promise(const char*, int, const char* condition, const char* sentence) {
  throw violation(std::string(sentence) + " (" + condition + ')');
}

} // namespace

world::world(const plan& its, planted_fault planted)
    : chance_(its.seed), knobs(its), fault(planted), facts(its.calm()), network(*this), scheduler(*this) {
  const module_id everywhere = functions.add_module("program, build-id 01", true);
  const module_id somewhere = functions.add_module("libtasks.so, build-id 02", knobs.shares_process);
  for (const char* name : {"load", "clean", "train"})
    usual_functions.push_back(functions.add_function(name, everywhere));
  rare_function = functions.add_function("render", somewhere);
}

void world::run() {
  on_broken_promise(throw_broken_promise);
  for (unsigned i = 0; i < knobs.workers; ++i)
    clock.after(chance_.chance(600) ? 0 : chance_.between(0, knobs.horizon / 2), [this, i] {
      join(i < std::size(names) ? names[i] : "worker-" + std::to_string(i), chance_.chance(500));
    });
  for (unsigned i = 1; i <= knobs.clients; ++i) {
    clients_.push_back(std::make_unique<simulated_client>(*this, client_id{i}));
    clients_.back()->its_user.plan_acts();
  }
  plan_faults();
  run_until(instant{knobs.horizon});

  healing = true;
  come_to_rest("with its work");
  check_done(false);
  for (const auto& its : clients_)
    if (its->connected()) its->its_user.want_all();
  come_to_rest("with fetching values");
  check_done(true);

  for (const auto& its : clients_)
    if (its->connected()) its->its_user.drop_all();
  come_to_rest("with letting go");
  check_freed();

  for (const auto& its : workers_)
    if (is_live(its->self())) scheduler.hear(retire_worker{its->self()});
  run_dry("with sending workers home");
  expect(live_workers() == 0, "a worker that retired and holds nothing does not leave");
}

// -- who is there -------------------------------------------------------------------------------------------

simulated_worker* world::worker(worker_id id) {
  return id && id.value <= workers_.size() ? workers_[id.value - 1].get() : nullptr;
}

simulated_client* world::client(client_id id) {
  return clients_.at(id.value - 1).get();
}

bool world::is_live(worker_id id) {
  simulated_worker* its = worker(id);
  return its && its->live();
}

std::size_t world::live_workers() {
  return static_cast<std::size_t>(
      std::count_if(workers_.begin(), workers_.end(), [&](const auto& its) { return is_live(its->self()); }));
}

simulated_worker* world::some_worker() {
  std::vector<simulated_worker*> live;
  for (const auto& its : workers_)
    if (is_live(its->self())) live.push_back(its.get());
  return live.empty() ? nullptr : chance_.pick(live);
}

std::string world::some_name(seeded_random& chance) const {
  return names[chance.below(std::size(names))];
}

void world::join(std::string name, bool with_rare_module) {
  auto attributes = std::make_shared<worker_attributes>();
  attributes->name = std::move(name);
  attributes->threads = static_cast<std::uint32_t>(chance_.between(1, knobs.threads_most));
  attributes->modules = {module_id{1}};
  if (with_rare_module || knobs.shares_process) attributes->modules.push_back(module_id{2});
  attributes->shares_process = knobs.shares_process;
  if (!knobs.shares_process) attributes->address = attributes->name + ":1";
  const worker_id id{static_cast<std::uint32_t>(workers_.size() + 1)};
  if (tale.told()) tale.tell(clock.now(), attributes->name, "joins as worker " + std::to_string(id.value));
  workers_.push_back(std::make_unique<simulated_worker>(*this, id, std::move(attributes)));
}

// -- what goes wrong ----------------------------------------------------------------------------------------

void world::kill(worker_id id, ending how) {
  if (!is_live(id)) return;
  const std::string name = worker(id)->name();
  worker(id)->end("killed by signal 9", how);
  if (healing || chance_.chance(700)) // somebody sees to it
    clock.after(chance_.between(0, knobs.delay_most * 4), [this, name] { join(name, true); });
}

// The scheduler gives it up, and it gives up the scheduler, in either order. What it said last may be lost,
// or come after the scheduler has given it up.
void world::cut(simulated_worker& its) {
  if (tale.told()) tale.tell(clock.now(), its.name(), "is cut off");
  const worker_record* known = scheduler.machine.find(its.self());
  const bool tail_arrives = known && known->live && chance_.chance(500);
  if (!tail_arrives) its.to_scheduler.cut();
  its.from_scheduler.cut();
  its.cut_off();
  facts.worker_ended(its.self(), true);
  const auto soon = [&](std::int64_t most) { return chance_.between(0, most); };
  clock.after(tail_arrives ? 0 : soon(knobs.delay_most * 8), [this, id = its.self()] {
    scheduler.hear(worker_lost{id, "connection closed"});
  });
  clock.after(soon(knobs.delay_most * 4 + knobs.run_time),
              [&its] { its.end("it lost the scheduler", ending::machine_died); });
}

void world::plan_faults() {
  const auto plan = [&](unsigned times, std::function<void(world&)> what) {
    for (unsigned i = 0; i < times; ++i)
      clock.after(chance_.between(0, knobs.horizon), [this, what] {
        if (!healing) what(*this);
      });
  };
  plan(knobs.deaths, [](world& its) {
    if (simulated_worker* victim = its.some_worker()) its.kill(victim->self(), ending::machine_died);
  });
  plan(knobs.cuts, [](world& its) {
    if (simulated_worker* victim = its.some_worker()) its.cut(*victim);
  });
  plan(knobs.stalls, [](world& its) {
    if (simulated_worker* victim = its.some_worker())
      victim->stall(its.clock.now() + std::chrono::nanoseconds(its.chance_.between(0, its.knobs.horizon)));
  });
  plan(knobs.retirements, [](world& its) {
    simulated_worker* veteran = its.some_worker();
    if (!veteran) return;
    its.retired_.insert(veteran->self());
    // Somebody who stays must be there to take what it has.
    const bool others = std::any_of(its.workers_.begin(), its.workers_.end(), [&](const auto& other) {
      const worker_record* row = its.scheduler.machine.find(other->self());
      return row && row->live && its.is_live(other->self()) && !its.retired_.contains(other->self());
    });
    if (others)
      its.scheduler.hear(retire_worker{veteran->self()});
    else
      its.retired_.erase(veteran->self());
  });
  plan(knobs.joins, [](world& its) {
    if (its.live_workers() < its.knobs.workers_most)
      its.join("late-" + std::to_string(its.workers_.size()), its.chance_.chance(500));
  });
  plan(knobs.data_cuts, [](world& its) { its.network.break_one(); });
  plan(knobs.client_ends, [](world& its) {
    simulated_client& leaver = *its.clients_[its.chance_.below(its.clients_.size())];
    its.chance_.chance(500) ? leaver.leave() : leaver.cut();
  });
}

// Enough workers for whatever was asked for.
bool world::replace_missing() {
  bool any = false;
  for (const std::string& name : names) {
    const bool there = std::any_of(workers_.begin(), workers_.end(), [&](const auto& its) {
      const worker_record* row = scheduler.machine.find(its->self());
      return is_live(its->self()) && its->name() == name && !(row && row->retiring);
    });
    if (there || (knobs.restricted == 0 && name != names[0])) continue;
    join(name, true);
    any = true;
  }
  return any;
}

// -- time passes --------------------------------------------------------------------------------------------

void world::run_until(instant end) {
  while (!clock.empty() && clock.now() < end) {
    clock.run_next();
    check_machines();
  }
}

void world::come_to_rest(const char* when) {
  // First, because a worker that waits for what nobody may compute asks again and again.
  replace_missing();
  do
    run_dry(when);
  while (replace_missing());
}

void world::run_dry(const char* when) {
  constexpr std::uint64_t patience = 60'000; // steps; a world at work needs some thousands
  const std::uint64_t until = clock.steps() + patience;
  while (!clock.empty()) {
    clock.run_next();
    check_machines();
    expect(clock.steps() < until, [&] { return std::string("the world does not come to an end ") + when; });
  }
}

void world::check_machines() {
  if (clock.steps() < checked_at_ + check_every) return;
  checked_at_ = clock.steps();
  scheduler.machine.check_invariants();
  for (const auto& its : workers_)
    if (its->alive()) its->machine.check_invariants();
  for (const auto& its : clients_)
    its->machine.check_invariants();
}

void world::check_done(bool values) {
  checked_at_ = 0;
  check_machines();
  for (const auto& its : clients_)
    if (its->connected()) its->its_user.check_done(values);
}

void world::check_freed() {
  checked_at_ = 0;
  check_machines();
  const auto its_name = [](task_id task) {
    std::string text = " task ";
    append_text(text, task);
    return text;
  };
  expect(network.idle(), "a question to another worker is not answered");
  for (const auto& its : clients_)
    expect(its->machine.slot_count() == 0 && its->machine.pending_count() == 0 &&
               its->machine.pending_bytes() == 0,
           "a client still has slots after its handles are gone");
  scheduler.machine.for_each_task([&](task_id task, const task_record&) {
    throw violation("the scheduler still knows" + its_name(task) + ", which nobody wants");
  });
  for (const auto& its : workers_) {
    if (!is_live(its->self())) continue;
    its->machine.for_each([&](task_id task, const worker_task&) {
      throw violation("worker " + std::to_string(its->self().value) + " still has" + its_name(task) +
                      ", which nobody wants");
    });
    expect(its->machine.stored_bytes() == 0 && its->idle(), "a worker without tasks is not idle");
  }
}

std::string play(const plan& its, playing how, story& tale, std::uint64_t* steps) {
  world played(its, how.fault);
  played.check_every = how.check_every;
  played.tale = tale;
  std::string sentence;
  try {
    played.run();
  } catch (const violation& broken) {
    sentence = broken.what();
  }
  tale = played.tale;
  if (steps) *steps += played.clock.steps();
  return sentence;
}

} // namespace weft::test
