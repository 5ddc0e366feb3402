#include "runtime/core/check.hpp"
#include "runtime/core/event_text.hpp"
#include "runtime/holder/holder_state.hpp"
#include "runtime/wire/well_formed.hpp"
#include "tests/fuzz/choices.hpp"

#include <weft/errors.hpp>

#include <algorithm>

// A client's holder whose user does what the API lets users do, and whose scheduler and workers say whatever
// passes their links.
namespace weft::test {

using namespace detail;

namespace {

class holder_play {
 public:
  explicit holder_play(choices& from) : from_(from) {}

  void play() {
    while (!from_.at_end()) {
      act();
      machine_.check_invariants();
    }
    machine_.close("the end", commands_);
    while (!handles_.empty())
      releases();
    machine_.check_invariants();
    WEFT_CHECK(machine_.slot_count() == 0, "no slot outlives client and handles");
    WEFT_CHECK(machine_.pending_count() == 0 && machine_.pending_bytes() == 0, "nothing is pending then");
  }

 private:
  void act() {
    switch (from_.below(14)) {
    case 0:
    case 1:
      return submits();
    case 2:
      return scatters();
    case 3:
      return releases();
    case 4:
      return uses();
    case 5:
      if (from_.below(32) == 0) {
        tell("close");
        machine_.close("client closed", commands_);
      }
      return;
    case 6:
    case 7:
    case 8:
    case 9:
      return hears_of_own();
    default:
      return hear(any_event<holder_event>(from_));
    }
  }

  demands_ptr any_demands() {
    demands_ptr demands;
    if (from_.below(3) == 0) fill(from_, demands);
    return demands;
  }

  void submits() {
    submission what;
    what.function = {static_cast<std::uint32_t>(1 + from_.below(fuzz_functions))};
    what.body = make_fake_body(what.function);
    for (std::size_t count = handles_.empty() ? 0 : from_.below(3); count > 0; --count)
      if (const task_id input = from_.one_of(handles_); !what.inputs.contains(input))
        what.inputs.push_back(input);
    what.demands = any_demands();
    begins([&] { return machine_.submit(std::move(what), commands_); });
  }

  void scatters() {
    const demands_ptr demands = any_demands();
    begins([&] { return machine_.scatter(make_fake(1), demands, commands_); });
  }

  template <class Begin>
  void begins(Begin&& begin) {
    try {
      handles_.push_back(begin());
      tell("a new future " + std::to_string(handles_.back().value));
    } catch (const error&) {
      // A key in use, or no client or scheduler any more: nothing began.
    }
  }

  void releases() {
    if (handles_.empty()) return;
    const std::size_t which = from_.below(handles_.size());
    tell("release " + std::to_string(handles_[which].value));
    machine_.release(handles_[which], commands_);
    handles_.erase(handles_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void uses() {
    if (handles_.empty()) return;
    const task_id task = from_.one_of(handles_);
    const std::size_t how = from_.below(6);
    tell("use " + std::to_string(how) + " of " + std::to_string(task.value));
    switch (how) {
    case 0:
      return machine_.cancel(task, "not wanted", commands_);
    case 1:
      return machine_.want_value(task, commands_);
    case 2:
      return machine_.watch(task, 1 + from_.below(3), from_.below(2) == 1, commands_);
    case 3:
      return machine_.unwatch(task, 1 + from_.below(3));
    case 4:
      return machine_.ask_take(task, commands_);
    default:
      if (machine_.find(task)->take == take_state::granted) machine_.take(task, commands_);
    }
  }

  // Something about one of its futures.
  void hears_of_own() {
    holder_event event = any_event<holder_event>(from_);
    if (!handles_.empty()) {
      const task_id task = from_.one_of(handles_);
      const worker_id worker = machine_.find(task)->worker;
      std::visit(
          [&](auto& its) {
            if constexpr (requires { its.task; }) its.task = task;
            if constexpr (requires { its.from; }) its.from = worker;
          },
          event);
    }
    hear(std::move(event));
  }

  void hear(holder_event event) {
    try {
      require_well_formed(event);
    } catch (const decode_error&) {
      return;
    }
    tell(event_text(event));
    machine_.step(std::move(event), commands_);
  }

  choices& from_;
  holder_state machine_{client_id{1}};
  holder_commands commands_;
  std::vector<task_id> handles_;
};

} // namespace

void play_holder(choices& from) {
  holder_play{from}.play();
}

} // namespace weft::test
