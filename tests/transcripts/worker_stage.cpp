#include "runtime/worker/worker_state.hpp"
#include "tests/support/event_parser.hpp"
#include "tests/transcripts/stage.hpp"

#include <utility>

// Lines are worker events, "take" (a thread asks for a task) or "wait SECONDS".
namespace weft::test {

using namespace detail;

namespace {

class worker_stage final : public stage {
 public:
  void hear(const std::string& line) override {
    if (line == "take") {
      take();
    } else if (line.starts_with("wait ")) {
      text_reader reader(std::string_view(line).substr(5));
      now_ = now_ + std::chrono::seconds(reader.number<std::int64_t>());
      machine_.tick(now_, commands_);
    } else {
      machine_.step(now_, parse_event<worker_event>(line), commands_);
    }
    say();
  }

  std::vector<std::string> answers() override {
    machine_.check_invariants();
    return std::exchange(lines_, {});
  }

 private:
  void take() {
    const auto taken = machine_.take(commands_);
    if (!taken) {
      lines_.push_back("nothing to run");
      return;
    }
    std::string text = "runs ";
    append_text(text, taken->task);
    text += " run=" + std::to_string(taken->run.value);
    if (taken->key) text += " key=" + *taken->key;
    text += " inputs=";
    append_text(text, taken->inputs);
    lines_.push_back(text);
  }

  void say() {
    worker_commands said = std::exchange(commands_, {});
    for (const auto& event : said.to_scheduler)
      lines_.push_back("scheduler <- " + event_text(event));
    for (const auto& command : said.to_peers)
      lines_.push_back("peers <- " + event_text(command));
    for (const auto& introduced : said.introductions)
      lines_.push_back("peers <- " + event_text(introduced));
    for (const auto& [task, run] : said.to_stop) {
      std::string text = "stops ";
      append_text(text, task);
      lines_.push_back(text + " run=" + std::to_string(run.value));
    }
    if (said.newly_ready > 0) lines_.push_back("ready: " + std::to_string(said.newly_ready));
    if (!said.garbage_values.empty())
      lines_.push_back("frees " + std::to_string(said.garbage_values.size()) + " values");
    if (said.leave) lines_.push_back("leaves");
  }

  worker_state machine_{worker_id{1}};
  worker_commands commands_;
  instant now_{1};
  std::vector<std::string> lines_;
};

} // namespace

std::unique_ptr<stage> make_worker_stage() {
  return std::make_unique<worker_stage>();
}

} // namespace weft::test
