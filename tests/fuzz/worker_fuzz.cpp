#include "runtime/core/check.hpp"
#include "runtime/core/event_text.hpp"
#include "runtime/wire/well_formed.hpp"
#include "runtime/worker/worker_state.hpp"
#include "tests/fuzz/choices.hpp"

#include <weft/errors.hpp>

// A worker whose scheduler and peers say whatever passes their links. Its own threads are trusted: they run
// what they took, and say so once.
namespace weft::test {

using namespace detail;

namespace {

using from_others = std::variant<compute_task, give_back_task, drop_replica, input_located, acquire_replica,
                                 peer_introduced, peer_lost, task_named, value_requested, value_put,
                                 value_arrived, value_moved, value_refused, peer_unreachable, requester_gone>;

class worker_play {
 public:
  explicit worker_play(choices& from) : from_(from) {}

  void play() {
    while (!from_.at_end()) {
      act();
      machine_.check_invariants();
      if (commands_.to_scheduler.size() > 1000) commands_ = {};
    }
    while (!running_.empty())
      ends();
    machine_.check_invariants();
    WEFT_CHECK(machine_.running_count() == 0, "no thread runs anything");
  }

 private:
  struct on_thread {
    task_id task;
    run_id run;
    bool waits = false; // inside, for other tasks
  };

  void act() {
    switch (from_.below(13)) {
    case 0:
    case 1:
      return takes();
    case 2:
      if (!running_.empty()) ends();
      return;
    case 3:
      now_ = now_ + std::chrono::seconds(from_.below(7));
      tell("wait");
      return machine_.tick(now_, commands_);
    case 4:
    case 5:
    case 6:
      return computes();
    case 7:
      return values_arrive();
    case 8:
      return waits_inside();
    default: {
      from_others said = any_event<from_others>(from_);
      return std::visit([&](auto& its) { hear_over_link(std::move(its)); }, said);
    }
    }
  }

  void takes() {
    std::vector<ready_task> taken;
    machine_.take_several(10'000, 1 + from_.below(3), taken, commands_);
    for (const ready_task& task : taken) {
      tell("take");
      running_.push_back({task.task, task.run});
      for (const value_ptr& input : task.inputs)
        WEFT_CHECK(input, "what runs has its inputs");
      WEFT_CHECK(task.body, "what runs has a body");
    }
  }

  void ends() {
    const std::size_t which = from_.below(running_.size());
    const auto [task, run, waits] = running_[which];
    if (waits) hear(run_rejoined{task, run});
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
    const std::size_t how = from_.below(8);
    if (how > 2)
      hear(run_finished{task, run, 1000, make_fake(task.value)});
    else if (how == 2)
      hear(run_abandoned{task, run});
    else
      hear(run_failed{task, run, 1000, failure::make(failure_kind::task_error, "it threw")});
  }

  // A running task begins to wait for others, or goes on.
  void waits_inside() {
    if (running_.empty()) return;
    on_thread& its = running_[from_.below(running_.size())];
    its.waits = !its.waits;
    if (its.waits)
      hear(run_seceded{its.task, its.run});
    else
      hear(run_rejoined{its.task, its.run});
  }

  // As a scheduler would: later tasks need earlier ones, each under a run of its own.
  void computes() {
    compute_task event;
    event.task = task_id::make({1}, 1 + from_.below(16));
    event.run = {++last_run_};
    event.function = {static_cast<std::uint32_t>(1 + from_.below(fuzz_functions))};
    event.announce = from_.below(4) == 0;
    event.body = make_fake_body(event.function);
    for (std::size_t count = from_.below(3); count > 0; --count)
      event.inputs.push_back(
          {task_id::make({1}, 1 + from_.below(16)), {static_cast<std::uint32_t>(1 + from_.below(3))}});
    hear_over_link(std::move(event));
  }

  // Of what it fetches, from whom it asked.
  void values_arrive() {
    std::vector<std::pair<task_id, worker_id>> fetched;
    machine_.for_each([&](task_id task, const worker_task& row) {
      if (row.is == worker_task::phase::fetching) fetched.emplace_back(task, row.source);
    });
    if (fetched.empty()) return;
    const auto [task, source] = from_.one_of(fetched);
    if (from_.below(4) > 0)
      hear(value_arrived{source, task, make_fake(task.value)});
    else
      hear(value_refused{source, task, failure::make(failure_kind::cannot_travel, "it cannot travel")});
  }

  void hear_over_link(worker_event event) {
    try {
      require_well_formed(event);
    } catch (const decode_error&) {
      return;
    }
    hear(std::move(event));
  }

  void hear(worker_event event) {
    tell(event_text(event));
    machine_.step(now_, std::move(event), commands_);
  }

  choices& from_;
  worker_state machine_{worker_id{1}};
  worker_commands commands_;
  instant now_{1};
  std::uint32_t last_run_ = 0;
  std::vector<on_thread> running_;
};

} // namespace

void play_worker(choices& from) {
  worker_play{from}.play();
}

} // namespace weft::test
