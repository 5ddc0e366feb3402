#include "tests/simulation/user.hpp"

#include "tests/simulation/world.hpp"

#include <algorithm>

namespace weft::test {

user::user(world& its, simulated_client& client)
    : world_(its), client_(client), chance_(its.fork()), acts_left_(its.knobs.acts) {}

void user::plan_acts() {
  if (gone_ || acts_left_ == 0) return;
  --acts_left_;
  world_.clock.after(chance_.between(0, world_.knobs.act_gap * 2), [this] {
    if (!gone_) act();
    plan_acts();
  });
}

void user::act() {
  const plan& knobs = world_.knobs;
  const std::pair<unsigned, void (*)(user&)> acts[] = {
      {6, [](user& its) { its.submit_graph(); }},
      {knobs.releases,
       [](user& its) {
         for (auto n = its.chance_.between(1, 5); n > 0 && !its.held_.empty(); --n) {
           const task_id task = its.some_held();
           if (its.taking_.contains(task)) continue;
           std::erase(its.held_, task);
           its.drop_handle(task);
         }
       }},
      {knobs.cancels,
       [](user& its) {
         if (!its.held_.empty()) its.client_.cancel(its.some_held());
       }},
      {knobs.watches, [](user& its) { its.chance_.chance(800) ? its.watch_some() : its.unwatch_some(); }},
      {knobs.wants,
       [](user& its) {
         if (its.held_.empty()) return;
         const task_id task = its.some_held();
         its.client_.call(
             [&](holder_state& holder, holder_commands& commands) { holder.want_value(task, commands); });
       }},
      {knobs.takes,
       [](user& its) {
         for (const task_id task : its.held_) {
           const bool here = its.client_.machine.find(task)->status == slot_status::here;
           if (!here || its.handles_[task] > 1 || its.taking_.contains(task)) continue;
           its.taking_.insert(task);
           its.client_.call(
               [&](holder_state& holder, holder_commands& commands) { holder.ask_take(task, commands); });
           return;
         }
       }},
      {knobs.scatters, [](user& its) { its.scatter(); }},
  };
  std::uint64_t total = 0;
  for (const auto& [weight, what] : acts)
    total += weight;
  std::uint64_t drawn = chance_.below(total);
  for (const auto& [weight, what] : acts) {
    if (drawn < weight) return what(*this);
    drawn -= weight;
  }
}

// -- graphs -------------------------------------------------------------------------------------------------

void user::submit_graph() {
  void (user::*const shapes[])() = {&user::submit_chain,    &user::submit_tree, &user::submit_fan,
                                    &user::submit_notebook, &user::submit_wide, &user::submit_grid,
                                    &user::submit_random};
  const auto shape = shapes[chance_.below(std::size(shapes))];
  if (chance_.chance(600)) // in one batch
    client_.call([&](holder_state&, holder_commands&) { (this->*shape)(); });
  else
    (this->*shape)();
}

void user::submit_chain() {
  task_id last = submit({});
  for (auto length = chance_.between(1, 12); length > 0; --length) {
    const task_id next = submit({last});
    used(last);
    last = next;
  }
}

void user::submit_tree() {
  std::vector<task_id> level;
  for (auto leaves = chance_.between(3, 16); leaves > 0; --leaves)
    level.push_back(submit({}));
  while (level.size() > 1) {
    std::vector<task_id> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
      next.push_back(submit({level[i], level[i + 1]}));
      used(level[i]);
      used(level[i + 1]);
    }
    if (level.size() % 2 == 1) next.push_back(level.back());
    level = std::move(next);
  }
}

void user::submit_fan() {
  const task_id root = submit({});
  std::vector<task_id> middle;
  for (auto width = chance_.between(2, 12); width > 0; --width)
    middle.push_back(submit({root}));
  used(root);
  submit(middle);
  for (const task_id task : middle)
    used(task);
}

void user::submit_notebook() {
  std::vector<task_id> sums;
  for (auto rows = chance_.between(2, 10); rows > 0; --rows) {
    const task_id x = submit({});
    const task_id y = submit({x});
    sums.push_back(submit({x, y}));
    used(x);
    used(y);
  }
  submit(sums);
}

void user::submit_wide() {
  std::vector<task_id> inputs;
  for (auto width = chance_.between(8, 24); width > 0; --width)
    inputs.push_back(submit({}));
  for (auto readers = chance_.between(1, 3); readers > 0; --readers)
    submit(inputs);
  for (const task_id task : inputs)
    used(task);
}

// Each row reads its neighbours in the row before.
void user::submit_grid() {
  const auto width = chance_.between(2, 5);
  std::vector<task_id> row;
  for (auto i = 0; i < width; ++i)
    row.push_back(submit({}));
  for (auto rows = chance_.between(1, 4); rows > 0; --rows) {
    std::vector<task_id> next;
    for (std::size_t i = 0; i < row.size(); ++i)
      next.push_back(submit({row[i], row[(i + 1) % row.size()]}));
    for (const task_id task : row)
      used(task);
    row = std::move(next);
  }
}

// Reads whatever is at hand, failed and cancelled futures too.
void user::submit_random() {
  for (auto count = chance_.between(3, 15); count > 0; --count) {
    std::vector<task_id> inputs;
    for (auto wanted = chance_.between(0, 4); wanted > 0 && !held_.empty(); --wanted) {
      const task_id input = some_held();
      if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) inputs.push_back(input);
    }
    submit(std::move(inputs));
  }
}

// -- single futures -----------------------------------------------------------------------------------------

task_id user::submit(std::vector<task_id> inputs) {
  const plan& knobs = world_.knobs;
  task_facts facts;
  facts.inputs = inputs;
  submission what;
  what.inputs = inline_list<task_id, 2>(std::span<const task_id>(inputs));
  what.function = world_.usual_functions[chance_.below(world_.usual_functions.size())];
  if (chance_.chance(knobs.other_module)) {
    what.function = world_.rare_function;
    facts.other_module = true;
  } else if (knobs.points > 0 && chance_.chance(knobs.points)) {
    facts.points = facts.other_module = true;
  }
  if (chance_.chance(knobs.prioritised)) what.priority = static_cast<std::int32_t>(chance_.between(-2, 2));
  if (chance_.chance(knobs.throws_some)) {
    facts.behaves = behaviour::throws_some;
    facts.throws_left = what.retries = static_cast<std::uint32_t>(chance_.between(1, 3));
  } else if (chance_.chance(knobs.throws)) {
    facts.behaves = behaviour::throws;
    what.retries = static_cast<std::uint32_t>(chance_.between(0, 2));
  } else if (chance_.chance(knobs.kills)) {
    facts.behaves = behaviour::kills;
  }
  const bool keyed = chance_.chance(knobs.keyed);
  const demands_ptr demands = what.demands = draw_demands(keyed, !facts.other_module);
  bool refused = false;
  // Keys are the user's own affair, but for those that another client uses too.
  facts.may_conflict = keyed && knobs.clients > 1;
  const std::uint64_t number = mix(client_.self().value, std::vector{numbers_++});
  std::vector<std::uint64_t> values;
  for (const task_id input : inputs) {
    values.push_back(world_.facts.of(input).value);
    facts.may_cancel |= taking_.contains(input);
  }
  facts.value = mix(number, values);
  what.body = make_fake_body(what.function, number, chance_.chance(knobs.large) ? 100'000 : 8);
  const auto submit_now = [&](holder_state& holder, holder_commands& commands) {
    facts.task = holder.submit(std::move(what), commands);
    world_.facts.add(task_facts(facts));
  };
  try {
    client_.call(submit_now);
  } catch (const key_conflict&) { // the user is told at once, and does without
    expect(keyed && handles_.contains(used_keys_[demands->key]), "a key that is free is refused");
    refused = true;
    what.demands = nullptr;
    facts.may_conflict = false;
    client_.call(submit_now);
  }
  if (keyed && !refused) used_keys_[demands->key] = facts.task;
  held_.push_back(facts.task);
  add_handle(facts.task);
  return facts.task;
}

task_id user::scatter() {
  task_facts facts;
  facts.behaves = behaviour::scattered;
  facts.value = mix(client_.self().value, std::vector{numbers_++});
  client_.call([&](holder_state& holder, holder_commands& commands) {
    facts.task = holder.scatter(make_fake(facts.value, chance_.chance(500) ? 100'000 : 8),
                                draw_demands(false, true), commands);
    world_.facts.add(task_facts(facts));
  });
  held_.push_back(facts.task);
  add_handle(facts.task);
  return facts.task;
}

// A name's worker might not have the other module, so nothing asks for both.
demands_ptr user::draw_demands(bool keyed, bool named) {
  task_demands demands;
  if (keyed) demands.key = "key-" + std::to_string(numbers_ % 7);
  if (named && chance_.chance(world_.knobs.restricted)) {
    for (auto names = chance_.between(1, 2); names > 0; --names)
      demands.workers.push_back(world_.some_name(chance_));
    demands.allow_other_workers = chance_.chance(300);
  }
  return demands == task_demands{} ? nullptr : std::make_shared<const task_demands>(std::move(demands));
}

void user::drop_handle(task_id task) {
  const auto its = handles_.find(task);
  if (--its->second > 0) return;
  handles_.erase(its);
  client_.call([&](holder_state& holder, holder_commands& commands) { holder.release(task, commands); });
}

// The program needs this handle no more, and may go without.
void user::used(task_id task) {
  if (!chance_.chance(world_.knobs.drops_intermediates) || taking_.contains(task)) return;
  if (std::erase(held_, task) > 0) drop_handle(task);
}

task_id user::some_held() {
  return held_[chance_.below(held_.size())];
}

void user::take_answered(const detail::take_answered& answer) {
  if (taking_.erase(answer.task) == 0 || !answer.granted) return;
  value_ptr value;
  client_.call(
      [&](holder_state& holder, holder_commands& commands) { value = holder.take(answer.task, commands); });
  const future_slot* slot = client_.machine.find(answer.task);
  expect(value || slot->status == slot_status::cancelled, "a value was granted and is not there");
  if (value) expect(number_in(value) == world_.facts.of(answer.task).value, "a wrong value was taken");
  if (std::erase(held_, answer.task) > 0) drop_handle(answer.task);
}

// -- waiting ------------------------------------------------------------------------------------------------

void user::watch_some() {
  const std::uint64_t watcher = next_watcher_++;
  const bool value = chance_.chance(400);
  if (value) by_value_.insert(watcher);
  for (auto count = chance_.between(1, 10); count > 0 && !held_.empty(); --count) {
    const task_id task = some_held(); // maybe one that it watches already
    if (taking_.contains(task)) continue;
    add_handle(task);
    ++watched_[{watcher, task}];
    client_.call([&](holder_state& holder, holder_commands& commands) {
      holder.watch(task, watcher, value, commands);
    });
  }
}

void user::unwatch_some() {
  if (watched_.empty()) return;
  const std::uint64_t watcher = watched_.begin()->first.first;
  while (!watched_.empty() && watched_.begin()->first.first == watcher) {
    const auto [key, count] = *watched_.begin();
    watched_.erase(watched_.begin());
    client_.call([&](holder_state& holder, holder_commands&) { holder.unwatch(key.second, watcher); });
    for (unsigned i = 0; i < count; ++i)
      drop_handle(key.second);
  }
}

void user::completed(std::uint64_t watcher, task_id task) {
  const auto its = watched_.find({watcher, task});
  expect(its != watched_.end(), "a completion comes that nobody waits for, or twice");
  if (--its->second == 0) watched_.erase(its);
  const slot_status status = client_.machine.find(task)->status;
  // It may have been lost again since.
  const bool enough = by_value_.contains(watcher) ? is_answered(status) : status != slot_status::pending;
  expect(enough, "a completion comes too early");
  react(watcher, task);
  drop_handle(task);
}

// As in the notebook: what completes is combined with what completed before, and that is waited for in turn.
void user::react(std::uint64_t watcher, task_id task) {
  if (gone_ || reactions_left_ == 0 || !chance_.chance(600)) return;
  const auto previous = last_completed_.find(watcher);
  if (previous == last_completed_.end() || !handles_.contains(previous->second) || previous->second == task) {
    last_completed_[watcher] = task;
    return;
  }
  --reactions_left_;
  const task_id combined = submit({previous->second, task});
  last_completed_.erase(previous);
  add_handle(combined);
  ++watched_[{watcher, combined}];
  const bool value = by_value_.contains(watcher);
  client_.call([&](holder_state& holder, holder_commands& commands) {
    holder.watch(combined, watcher, value, commands);
  });
}

// -- the end ------------------------------------------------------------------------------------------------

void user::leaves() {
  gone_ = true;
  world_.facts.cancelled_by_leaving(client_.self());
}

void user::want_all() {
  for (const task_id task : held_)
    client_.call([&](holder_state& holder, holder_commands& commands) { holder.want_value(task, commands); });
}

void user::drop_all() {
  gone_ = true;
  while (!watched_.empty())
    unwatch_some();
  for (const task_id task : std::exchange(held_, {}))
    drop_handle(task);
  expect(handles_.empty(), "the simulated user lost count of its handles");
}

void user::check_done(bool values) const {
  const auto name = [](task_id task) {
    std::string text = "task ";
    append_text(text, task);
    return text;
  };
  for (const task_id task : held_) {
    const slot_status status = client_.machine.find(task)->status;
    expect(is_done(status), [&] {
      return name(task) + " is wanted and was forgotten: " + world_.scheduler.machine.explain(task).sentence;
    });
    expect(!values || is_answered(status),
           [&] { return "the value of " + name(task) + " is wanted and does not come"; });
  }
  expect(watched_.empty(),
         [&] { return name(watched_.begin()->first.second) + " is done and as_completed was not told"; });
  expect(taking_.empty(), [&] { return "take of " + name(*taking_.begin()) + " is not answered"; });
}

} // namespace weft::test
