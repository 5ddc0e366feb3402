#pragma once

#include "runtime/services/cluster_key.hpp"
#include "runtime/services/transfer.hpp"
#include "tests/support/mailbox.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::test {

using namespace weft::detail;

/// A worker or client that writes down what it hears.
struct recorder final : transfer_sink {
  recorder(transfer& in, worker_id self) : mover(in.attach(self, *this)) {}

  void deliver(std::vector<worker_event>& events) override {
    for (auto& event : events)
      heard.push(std::move(event));
    events.clear();
  }

  void say(transfer_command command) {
    std::vector<transfer_command> commands;
    commands.push_back(std::move(command));
    mover->perform(commands);
  }

  template <class Event>
  Event hear() {
    auto event = heard.pop();
    if (auto* expected = std::get_if<Event>(&event)) return *expected;
    throw std::runtime_error("heard event number " + std::to_string(event.index()) + " instead");
  }

  /// The next question, answered with this value.
  void answer(value_ptr value) {
    auto question = hear<value_requested>();
    say(send_value{question.requester, question.task, std::move(value)});
  }

  mailbox<worker_event> heard;
  std::unique_ptr<data_mover> mover;
};

/// A process as far as data goes: a transfer with an io thread of its own, that listens.
struct process {
  explicit process(const key_bytes& key, std::function<void(transfer::settings&)> change = {})
      : data(io, settings_with(key, change)), where(to_string(data.listen({"127.0.0.1", 0}))) {}

  static transfer::settings settings_with(const key_bytes& key,
                                          const std::function<void(transfer::settings&)>& change) {
    transfer::settings how{.key = key, .self = {.role = peer_role::worker, .name = "w"}};
    if (change) change(how);
    return how;
  }

  io_thread io;
  transfer data;
  std::string where;
};

inline const key_bytes the_key = cluster_key::make_ephemeral().bytes();

} // namespace weft::test
