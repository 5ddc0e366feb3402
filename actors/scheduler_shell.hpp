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
  /// Called in the actor; may be empty.
  struct callbacks {
    /// A worker has joined, and the machine knows it.
    std::function<void(worker_id)> joined;
    /// Once, when the actor ends: how.
    std::function<void(const std::string&)> ended;
  };

  scheduler_shell(const function_directory& functions, scheduler_settings settings, callbacks tell)
      : state_(functions, settings), tell_(std::move(tell)) {}

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
  void announce_new();
  void forget_gone();

  scheduler_state state_;
  const callbacks tell_;
  scheduler_commands commands_;
  std::vector<port<worker_event>> workers_; // by id; empty ports of those that are not there
  std::vector<port<holder_event>> clients_;
  std::deque<std::vector<scheduler_event>> backlog_; // what was taken out of boxes, oldest first
  std::size_t next_ = 0;                             // of the oldest
  std::vector<std::vector<scheduler_event>> spare_;  // empty, with room
  std::vector<worker_id> new_workers_;               // in this turn
  std::vector<worker_id> gone_workers_;
  std::vector<client_id> gone_clients_;
};

} // namespace weft::detail
