#include "runtime/scheduler/scheduler_state.hpp"
#include "tests/support/event_parser.hpp"
#include "tests/transcripts/stage.hpp"

#include <utility>

// Lines are scheduler events, or "explain TASK". A block is a batch: placement settles at its end.
namespace weft::test {

using namespace detail;

namespace {

class scheduler_stage final : public stage {
 public:
  scheduler_stage() {
    const module_id program = functions_.add_module("program, build-id 01", true);
    const module_id library = functions_.add_module("libtasks.so, build-id 02", false);
    functions_.add_module("libmore.so, build-id 03", false);
    for (const char* name : {"load", "clean", "train"})
      functions_.add_function(name, program);
    functions_.add_function("render", library);
    functions_.add_function("paint", program, library); // a pointer into the library
  }

  void hear(const std::string& line) override {
    if (line.starts_with("explain ")) {
      text_reader reader(std::string_view(line).substr(8));
      task_id task;
      parse(reader, task);
      const auto why = machine_.explain(task);
      explanations_.push_back((why.stuck ? "it is stuck: " : "it is so: ") + why.sentence);
      return;
    }
    machine_.step(parse_event<scheduler_event>(line), commands_);
  }

  std::vector<std::string> answers() override {
    machine_.settle(commands_);
    machine_.check_invariants();
    std::vector<std::string> lines = std::exchange(explanations_, {});
    const auto add = [&](const char* whom, std::uint32_t number, const auto& events) {
      for (const auto& event : events)
        lines.push_back(std::string(whom) + ' ' + std::to_string(number) + " <- " + event_text(event));
    };
    commands_.to_workers.flush([&](worker_id to, auto& events) { add("worker", to.value, events); });
    commands_.to_clients.flush([&](client_id to, auto& events) { add("client", to.value, events); });
    return lines;
  }

 private:
  function_table functions_;
  scheduler_state machine_{functions_};
  scheduler_commands commands_;
  std::vector<std::string> explanations_;
};

} // namespace

std::unique_ptr<stage> make_scheduler_stage() {
  return std::make_unique<scheduler_stage>();
}

} // namespace weft::test
