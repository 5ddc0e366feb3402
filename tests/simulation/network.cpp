#include "tests/simulation/network.hpp"

#include "tests/simulation/world.hpp"

namespace weft::test {

simulated_network::simulated_network(world& its) : world_(its), chance_(its.fork()) {}

void simulated_network::introduce(party who, worker_id to) {
  introduced_.emplace(who, to);
}

void simulated_network::forget(party who, worker_id to) {
  introduced_.erase({who, to});
  if (const auto its = open_.find({who, to}); its != open_.end()) break_connection(its->second);
}

void simulated_network::perform(party who, std::vector<transfer_command>& commands) {
  for (transfer_command& command : commands) {
    if (const auto* asked = std::get_if<request_value>(&command)) request(who, *asked);
    if (const auto* given = std::get_if<put_value>(&command)) put(who, *given);
    if (auto* sent = std::get_if<send_value>(&command))
      answer(sent->requester, sent->task, std::move(sent->value), false);
    if (const auto* moved = std::get_if<send_moved>(&command))
      answer(moved->requester, moved->task, nullptr, true);
  }
  commands.clear();
}

void simulated_network::request(party who, const request_value& command) {
  const requester_id id = connect(who, command.worker);
  if (id == 0) return unreachable(who, command.worker, {command.task}, false);
  connections_.at(id).pending.insert(command.task);
  connections_.at(id).asked.insert(command.task);
  there(id, value_requested{id, command.task});
}

void simulated_network::put(party who, const put_value& command) {
  const requester_id id = connect(who, command.worker);
  if (id == 0) return unreachable(who, command.worker, {}, true);
  connections_.at(id).putting = true;
  ++connections_.at(id).puts_under_way;
  there(id, value_put{command.task, command.value});
}

void simulated_network::there(requester_id id, worker_event event) {
  connection& its = connections_.at(id);
  its.last_there = std::max(its.last_there, world_.clock.now() +
                                                std::chrono::nanoseconds(world_.link_delays().draw(chance_)));
  world_.clock.at(its.last_there, [this, id, event = std::move(event)]() mutable {
    connection& its = connections_.at(id);
    if (!its.open) return;
    const worker_id to = its.to;
    if (std::holds_alternative<value_put>(event)) --its.puts_under_way;
    world_.worker(to)->hear_from_network(std::move(event));
  });
}

void simulated_network::answer(requester_id to, task_id task, value_ptr value, bool moved) {
  connection& its = connections_.at(to);
  if (!its.open) return;
  its.last_back = std::max(its.last_back,
                           world_.clock.now() + std::chrono::nanoseconds(world_.link_delays().draw(chance_)));
  world_.clock.at(its.last_back, [this, to, task, value = std::move(value), moved] {
    connection& its = connections_.at(to);
    if (!its.open) return;
    expect(its.asked.contains(task), "a value is sent that was not asked for");
    its.pending.erase(task); // asked for twice, it may come twice
    if (its.from.worker) {
      if (moved)
        world_.worker(its.from.worker)->hear_from_network(value_moved{its.to, task});
      else
        world_.worker(its.from.worker)->hear_from_network(value_arrived{its.to, task, value});
    } else {
      if (moved)
        world_.client(its.from.client)->hear(value_unreachable{its.to, task});
      else
        world_.client(its.from.client)->hear(value_fetched{its.to, task, value});
    }
  });
}

// 0 if there is nobody there.
requester_id simulated_network::connect(party who, worker_id to) {
  expect(static_cast<bool>(to), "a value is asked of nobody");
  expect(introduced_.contains({who, to}) || !world_.is_live(to), "a worker is asked that was not introduced");
  if (const auto its = open_.find({who, to}); its != open_.end()) return its->second;
  simulated_worker* target = world_.worker(to);
  if (!target || !target->alive()) return 0;
  const requester_id id = next_++;
  connections_.emplace(
      id, connection{.from = who, .to = to, .last_there = {}, .last_back = {}, .pending = {}, .asked = {}});
  open_.emplace(std::pair(who, to), id);
  return id;
}

void simulated_network::break_connection(requester_id id) {
  connection& its = connections_.at(id);
  its.open = false;
  open_.erase({its.from, its.to});
  unreachable(its.from, its.to, its.pending, its.putting);
  its.pending.clear();
  world_.clock.after(world_.link_delays().draw(chance_),
                     [this, id, to = its.to] { world_.worker(to)->hear_from_network(requester_gone{id}); });
}

// Nobody is told which puts have arrived: as with the real ones, the connection only knows that there were
// some.
void simulated_network::unreachable(party who, worker_id to, const std::set<task_id>& asked, bool putting) {
  world_.clock.after(world_.link_delays().draw(chance_), [this, who, to, asked, putting] {
    if (who.worker) {
      world_.worker(who.worker)->hear_from_network(peer_unreachable{to});
    } else {
      for (const task_id task : asked)
        world_.client(who.client)->hear(value_unreachable{to, task});
      if (putting) world_.client(who.client)->hear(worker_unreachable{to});
    }
  });
}

void simulated_network::ended(party who) {
  std::vector<requester_id> broken;
  for (const auto& [ends, id] : open_)
    if (ends.first == who || (who.worker && ends.second == who.worker)) broken.push_back(id);
  for (const requester_id id : broken)
    break_connection(id);
}

void simulated_network::break_one() {
  if (open_.empty()) return;
  auto its = open_.begin();
  std::advance(its, static_cast<std::ptrdiff_t>(chance_.below(open_.size())));
  if (world_.tale.told()) world_.tale.tell(world_.clock.now(), "network", "a data connection breaks");
  break_connection(its->second);
}

bool simulated_network::idle() const {
  for (const auto& [ends, id] : open_)
    if (!connections_.at(id).pending.empty() || connections_.at(id).puts_under_way > 0) return false;
  return true;
}

} // namespace weft::test
