#pragma once

#include "runtime/worker/protocol.hpp"

#include <string>
#include <vector>

namespace weft::detail {

/// Moves values for one client or one worker: to and from workers of this process by pointer, to and from
/// others over connections of their own. It answers with events to whoever it works for.
///
/// Thread-safe. Answers may come before `perform` returns, on the calling thread: call it without any lock
/// that taking in an event needs.
class data_mover {
 public:
  virtual ~data_mover() = default;

  /// Says where a worker can be asked (worker_attributes::address); has to come before the first command that
  /// names it.
  virtual void introduce(worker_id worker, const std::string& address) = 0;
  /// The worker is gone; what was asked of it is answered with a failure to reach it.
  virtual void forget(worker_id worker) = 0;
  /// Does what the commands say, in order, leaving `commands` empty.
  virtual void perform(std::vector<transfer_command>& commands) = 0;
};

} // namespace weft::detail
