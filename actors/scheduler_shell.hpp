#pragma once

#include "actors/shell.hpp"
#include "runtime/scheduler/scheduler_state.hpp"

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace weft::detail {

/// The scheduler's actor from inside: steps the machine through what it hears, lets it place tasks once per
/// turn, and hands what it says to workers and clients.
class scheduler_shell final : public shell<scheduler_event> {
 public:
  /// `on_end` is called once, in the actor, when it ends: with the trouble, or empty.
  scheduler_shell(const function_directory& functions, scheduler_settings settings,
                  std::function<void(const std::string&)> on_end)
      : state_(functions, settings), on_end_(std::move(on_end)) {}

  /// To be called inside the actor, before an event that names them.
  void add_worker(worker_id worker, port<worker_event> to);
  void add_client(client_id client, port<holder_event> to);

  bool hear(const std::shared_ptr<outbox<scheduler_event>>& box) override;
  bool go_on() override;
  void end(const std::string& trouble) override;

  const scheduler_state& state() const noexcept { return state_; }

 private:
  void step(scheduler_event&& event);
  void flush();
  void forget_gone();

  scheduler_state state_;
  const std::function<void(const std::string&)> on_end_;
  scheduler_commands commands_;
  std::vector<port<worker_event>> workers_; // by id; empty ports of those that are not there
  std::vector<port<holder_event>> clients_;
  std::deque<std::vector<scheduler_event>> backlog_; // what was taken out of boxes, oldest first
  std::size_t next_ = 0;                             // of the oldest
  std::vector<std::vector<scheduler_event>> spare_;  // empty, with room
  std::vector<worker_id> gone_workers_;              // in this turn
  std::vector<client_id> gone_clients_;
};

} // namespace weft::detail
