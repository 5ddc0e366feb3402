#pragma once

#include "runtime/services/timer_thread.hpp"
#include "runtime/services/worker_engine.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>
/// The engine with real threads, played against by a scheduler that only listens: events are put into the
/// inbox by hand, and what is said comes back through an outbox that a condition variable guards.
namespace weft::detail {

using namespace std::chrono_literals;

inline constexpr function_id some_function{1};

class number final : public value {
 public:
  explicit number(int its) : its_(its) {}
  int get() const { return its_; }
  std::uint64_t nbytes() const noexcept override { return sizeof *this; }
  std::string type_name() const override { return "int"; }
  bool travels() const noexcept override { return false; }
  void encode(encoder&) const override {}

 private:
  int its_;
};

class lambda_body final : public task_body {
 public:
  using callable = std::function<int(std::span<const value_ptr>)>;
  explicit lambda_body(callable its) : its_(std::move(its)) {}
  value_ptr run(array_view<const value_ptr> inputs) const override {
    return make_intrusive<number>(its_(inputs));
  }
  void encode(encoder&) const override {}
  std::uint64_t nbytes() const noexcept override { return sizeof *this; }
  function_id function() const noexcept override { return some_function; }

 private:
  callable its_;
};

class one_function final : public function_directory {
  module_id module_of(function_id) const override { return module_id{1}; }
  module_id target_module_of(function_id) const override { return {}; }
  bool is_local(module_id) const override { return true; }
  std::string name_of(function_id) const override { return "inc"; }
  std::string description_of(module_id) const override { return "this test"; }
};

/// What the scheduler hears, in order.
class listening_bell final : public bell {
 public:
  void ring() override {
    std::lock_guard lock{mutex_};
    rung_ = true;
    ++rings_;
    changed_.notify_all();
  }
  int rings() {
    std::lock_guard lock{mutex_};
    return rings_;
  }
  void wait() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return std::exchange(rung_, false); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
  int rings_ = 0;
};

class recording_mover final : public data_mover {
 public:
  void introduce(worker_id worker, const std::string& address) override {
    said("introduce " + std::to_string(worker.value) + " " + address);
  }
  void forget(worker_id worker) override { said("forget " + std::to_string(worker.value)); }
  void perform(std::vector<transfer_command>& commands) override {
    for (auto& command : commands)
      if (on_command) on_command(command);
    commands.clear();
  }
  std::vector<std::string> words() {
    std::lock_guard lock{mutex_};
    return words_;
  }
  std::function<void(transfer_command&)> on_command;

 private:
  void said(std::string word) {
    std::lock_guard lock{mutex_};
    words_.push_back(std::move(word));
  }
  std::mutex mutex_;
  std::vector<std::string> words_;
};

class worker_engine_test : public testing::Test {
 protected:
  ~worker_engine_test() override {
    if (engine) {
      EXPECT_TRUE(engine->stop(1min).empty());
    }
  }

  void start(worker_engine::settings how = {}) {
    how.id = worker_id{1};
    how.name = "alice";
    port<scheduler_event> scheduler{box, heard};
    engine = std::make_shared<worker_engine>(std::move(how), functions, scheduler, timers);
    engine->start(data);
  }

  static task_id id(int number) { return task_id::make(client_id{1}, number); }

  worker_event compute(int number, lambda_body::callable what, input_locations inputs = {},
                       bool announce = false) {
    compute_task event;
    event.task = id(number);
    event.run = run_id{1};
    event.function = some_function;
    event.announce = announce;
    event.body = make_intrusive<lambda_body>(std::move(what));
    event.inputs = std::move(inputs);
    return event;
  }

  void tell(std::vector<worker_event> events) {
    if (engine->inbox()->append(events)) engine->drain();
  }
  template <class... Events>
  void tell_each(Events... events) {
    std::vector<worker_event> all;
    (all.emplace_back(std::move(events)), ...);
    tell(std::move(all));
  }

  /// The next thing said, other than how the worker is and which tasks wait inside.
  scheduler_event next() {
    while (true) {
      while (next_ < said.size()) {
        auto& event = said[next_++];
        seceded += std::holds_alternative<task_seceded>(event);
        rejoined += std::holds_alternative<task_rejoined>(event);
        if (!std::holds_alternative<worker_reported>(event) && !std::holds_alternative<task_seceded>(event) &&
            !std::holds_alternative<task_rejoined>(event))
          return std::move(event);
      }
      next_ = 0;
      box->take(said);
      if (said.empty()) heard->wait();
    }
  }
  int finished(int number) {
    auto event = next();
    auto* finished = std::get_if<task_finished>(&event);
    EXPECT_TRUE(finished) << "heard event " << event.index();
    EXPECT_EQ(finished->task, id(number));
    return static_cast<const number_of&>(*finished->value).get();
  }
  using number_of = number;

  one_function functions;
  timer_thread timers;
  std::shared_ptr<outbox<scheduler_event>> box = std::make_shared<outbox<scheduler_event>>();
  std::shared_ptr<listening_bell> heard = std::make_shared<listening_bell>();
  std::shared_ptr<recording_mover> data = std::make_shared<recording_mover>();
  std::shared_ptr<worker_engine> engine;
  std::vector<scheduler_event> said;
  std::size_t next_ = 0;
  int seceded = 0;
  int rejoined = 0;
};

} // namespace weft::detail
