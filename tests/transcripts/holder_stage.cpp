#include "runtime/holder/holder_state.hpp"
#include "tests/support/event_parser.hpp"
#include "tests/transcripts/stage.hpp"

#include <weft/errors.hpp>

#include <utility>

// Lines are holder events, or what a user does; see `call` below.
namespace weft::test {

using namespace detail;

namespace {

struct submit {
  function_id function;
  inline_list<task_id, 2> inputs;
  std::string key;
  WEFT_MEMBERS(submit, function, inputs, key)
};
struct scatter {
  value_ptr value;
  std::vector<std::string> workers;
  WEFT_MEMBERS(scatter, value, workers)
};
struct release {
  task_id task;
  WEFT_MEMBERS(release, task)
};
struct cancel {
  task_id task;
  std::string reason;
  WEFT_MEMBERS(cancel, task, reason)
};
struct want_value {
  task_id task;
  WEFT_MEMBERS(want_value, task)
};
struct watch {
  task_id task;
  std::uint64_t watcher = 0;
  bool value = false;
  WEFT_MEMBERS(watch, task, watcher, value)
};
struct unwatch {
  task_id task;
  std::uint64_t watcher = 0;
  WEFT_MEMBERS(unwatch, task, watcher)
};
struct ask_take {
  task_id task;
  WEFT_MEMBERS(ask_take, task)
};
struct take {
  task_id task;
  WEFT_MEMBERS(take, task)
};
struct close {
  std::string reason;
  WEFT_MEMBERS(close, reason)
};
using call =
    std::variant<submit, scatter, release, cancel, want_value, watch, unwatch, ask_take, take, close>;

template <class... Calls>
bool names_one(std::string_view word, std::type_identity<std::variant<Calls...>>) {
  return ((word == Calls::event_name()) || ...);
}

const char* name_of(slot_status status) {
  switch (status) {
  case slot_status::pending:
    return "pending";
  case slot_status::lost:
    return "lost";
  case slot_status::elsewhere:
    return "elsewhere";
  case slot_status::here:
    return "here";
  case slot_status::refused:
    return "refused";
  case slot_status::failed:
    return "failed";
  case slot_status::cancelled:
    return "cancelled";
  case slot_status::taken:
    return "taken";
  }
  return "?";
}

template <class... Parts>
std::string in_words(const Parts&... parts) {
  std::string text;
  const auto add = [&](const auto& part) {
    if constexpr (std::is_convertible_v<decltype(part), std::string_view>)
      text += part;
    else
      append_text(text, part);
  };
  (add(parts), ...);
  return text;
}

class holder_stage final : public stage {
 public:
  void hear(const std::string& line) override {
    if (names_one(line.substr(0, line.find(' ')), std::type_identity<call>{})) {
      try {
        call what = parse_event<call>(line);
        std::visit([this](auto& its) { carry_out(its); }, what);
      } catch (const error& thrown) {
        lines_.push_back(std::string("throws: ") + thrown.what());
      }
    } else {
      machine_.step(parse_event<holder_event>(line), commands_);
    }
    say();
  }

  std::vector<std::string> answers() override {
    machine_.check_invariants();
    return std::exchange(lines_, {});
  }

 private:
  void carry_out(submit& its) {
    submission what;
    what.function = its.function;
    what.inputs = its.inputs;
    what.body = make_fake_body(its.function);
    if (!its.key.empty()) {
      task_demands demands;
      demands.key = its.key;
      what.demands = std::make_shared<const task_demands>(std::move(demands));
    }
    show("is", machine_.submit(std::move(what), commands_));
  }
  void carry_out(scatter& its) {
    demands_ptr shared;
    if (!its.workers.empty()) {
      task_demands demands;
      demands.workers = its.workers;
      shared = std::make_shared<const task_demands>(std::move(demands));
    }
    show("is", machine_.scatter(its.value, shared, commands_));
  }
  void carry_out(release& its) { machine_.release(its.task, commands_); }
  void carry_out(cancel& its) { machine_.cancel(its.task, its.reason, commands_); }
  void carry_out(want_value& its) { machine_.want_value(its.task, commands_); }
  void carry_out(watch& its) { machine_.watch(its.task, its.watcher, its.value, commands_); }
  void carry_out(unwatch& its) { machine_.unwatch(its.task, its.watcher); }
  void carry_out(ask_take& its) { machine_.ask_take(its.task, commands_); }
  void carry_out(take& its) { lines_.push_back(in_words("takes ", machine_.take(its.task, commands_))); }
  void carry_out(close& its) { machine_.close(its.reason, commands_); }

  void show(const char* verb, task_id task) {
    const future_slot& slot = *machine_.find(task);
    std::string text = in_words(verb, " ", task, " ", name_of(slot.status.load()));
    if (slot.failure) text += in_words(" ", slot.failure);
    if (const failure_ptr why = machine_.refusal_of(task)) text += in_words(" ", why);
    if (slot.status == slot_status::here) text += in_words(" ", slot.value);
    lines_.push_back(text);
  }

  void say() {
    holder_commands said = std::exchange(commands_, {});
    for (const auto& event : said.to_scheduler)
      lines_.push_back("scheduler <- " + event_text(event));
    for (const auto& command : said.to_peers)
      lines_.push_back("peers <- " + event_text(command));
    for (const task_id task : said.changed)
      if (machine_.find(task)) show("changed", task);
    for (const auto& [watcher, task] : said.completed)
      lines_.push_back(in_words("watcher ", watcher, " <- ", task));
    for (const auto& answer : said.answers)
      lines_.push_back("user <- " + event_text(answer));
    if (!said.garbage.empty()) lines_.push_back("frees " + std::to_string(said.garbage.size()) + " values");
  }

  holder_state machine_{client_id{1}};
  holder_commands commands_;
  std::vector<std::string> lines_;
};

} // namespace

std::unique_ptr<stage> make_holder_stage() {
  return std::make_unique<holder_stage>();
}

} // namespace weft::test
