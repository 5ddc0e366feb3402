#include "tests/simulation/simulated_client.hpp"

#include "tests/simulation/world.hpp"

#include <utility>

namespace weft::test {

namespace {

std::string who(client_id client) {
  return "client " + std::to_string(client.value);
}

} // namespace

simulated_client::simulated_client(world& its, client_id self)
    : machine(self),
      from_scheduler(its.clock, its.fork(), its.link_delays(),
                     [this](auto&& batch) { hear_batch(std::forward<decltype(batch)>(batch)); }),
      to_scheduler(its.clock, its.fork(), its.link_delays(),
                   [&its](auto&& batch) { its.scheduler.hear(std::forward<decltype(batch)>(batch)); }),
      its_user(its, *this), world_(its), chance_(its.fork()) {
  std::vector<scheduler_event> hello;
  hello.emplace_back(client_joined{self, who(self)});
  to_scheduler.send(std::move(hello));
}

void simulated_client::hear_batch(std::vector<holder_event>&& batch) {
  for (holder_event& event : batch)
    step(std::move(event));
  flush();
}

void simulated_client::hear(holder_event&& event) {
  step(std::move(event));
  flush();
}

void simulated_client::step(holder_event&& event) {
  world_.tale.hears(world_.clock.now(), who(self()), event);
  if (const auto* introduced = std::get_if<worker_introduced>(&event))
    world_.network.introduce({{}, self()}, introduced->worker);
  auto* ready = std::get_if<result_ready>(&event);
  const future_slot* slot = ready ? machine.find(ready->task) : nullptr;
  const bool stale = slot && ready->run < slot->run;
  const run_id accepted = slot ? slot->run : run_id{};
  const slot_status before = slot ? slot->status.load() : slot_status::pending;
  if (stale && world_.fault == planted_fault::no_fencing_in_holder) ready->run = {slot->run.value + 1};
  const task_id task = ready ? ready->task : task_id{};
  const value_ptr value = ready ? ready->value : nullptr;
  machine.step(std::move(event), commands_);
  if (future_slot* its = slot && value ? machine.find(task) : nullptr;
      its && before == slot_status::cancelled &&
      world_.fault == planted_fault::value_delivered_after_cancel) {
    its->value = value;
    its->status = slot_status::here;
    commands_.changed.push_back(task);
  }
  if (stale)
    expect(slot->run == accepted && slot->status == before,
           "a result of an older run than the accepted one has an effect");
}

void simulated_client::call(const std::function<void(holder_state&, holder_commands&)>& what) {
  ++calls_;
  try {
    what(machine, commands_);
  } catch (...) {
    --calls_;
    throw;
  }
  if (--calls_ == 0) flush();
}

void simulated_client::cancel(task_id task) {
  world_.facts.cancelled_by_user(task);
  call([&](holder_state& its, holder_commands& commands) {
    its.cancel(task, "cancelled by the user", commands);
  });
}

void simulated_client::flush() {
  // The user reacts to what it hears by calling again, so the commands are set apart first.
  holder_commands commands = std::exchange(commands_, {});
  if (world_.fault == planted_fault::release_sent_twice && !commands.to_scheduler.empty())
    if (const auto* released = std::get_if<release_task>(&commands.to_scheduler.back());
        released && chance_.chance(20))
      commands.to_scheduler.emplace_back(*released);
  if (world_.fault == planted_fault::late_completion && !commands.completed.empty() && chance_.chance(20))
    commands.completed.push_back(commands.completed.front());
  for (const scheduler_event& event : commands.to_scheduler) {
    if (const auto* released = std::get_if<release_task>(&event)) world_.facts.released(released->task);
    if (const auto* scattered = std::get_if<scatter_task>(&event)) world_.facts.scattered(*scattered);
  }
  to_scheduler.send(std::move(commands.to_scheduler));
  world_.network.perform({{}, self()}, commands.to_peers);
  for (const worker_id worker : commands.departures)
    world_.network.forget({{}, self()}, worker);
  for (const task_id task : commands.changed)
    if (const future_slot* slot = machine.find(task)) world_.facts.shown(*slot, task);
  for (const auto& [watcher, task] : commands.completed)
    its_user.completed(watcher, task);
  for (const holder_event& answer : commands.answers)
    if (const auto* answered = std::get_if<take_answered>(&answer)) its_user.take_answered(*answered);
}

void simulated_client::leave() {
  if (!connected()) return;
  if (world_.tale.told()) world_.tale.tell(world_.clock.now(), who(self()), "closes");
  its_user.leaves();
  call([](holder_state& its, holder_commands& commands) { its.close("client closed", commands); });
  std::vector<scheduler_event> last_word;
  last_word.emplace_back(client_left{self()});
  to_scheduler.send(std::move(last_word));
  left_ = true;
  end();
}

void simulated_client::cut() {
  if (!connected()) return;
  if (world_.tale.told()) world_.tale.tell(world_.clock.now(), who(self()), "is cut off");
  to_scheduler.cut();
  from_scheduler.cut();
  world_.clock.after(world_.link_delays().draw(chance_), [this] {
    its_user.leaves();
    hear(scheduler_lost{"connection closed"});
    end();
  });
  world_.clock.after(world_.link_delays().draw(chance_),
                     [this] { world_.scheduler.hear(client_left{self()}); });
}

// Whatever was still to come is not heard any more. The handles may go on for a while.
void simulated_client::end() {
  from_scheduler.cut();
  world_.network.ended({{}, self()});
  its_user.drop_all();
}

} // namespace weft::test
