#pragma once

#include "runtime/core/outboxes.hpp"
#include "runtime/holder/protocol.hpp"
#include "runtime/worker/protocol.hpp"

#include <weft/ids.hpp>

namespace weft::detail {

/// What the scheduler says, to each receiver in the order it was decided.
struct scheduler_commands {
  outboxes<worker_event, worker_id> to_workers;
  outboxes<holder_event, client_id> to_clients;
};

} // namespace weft::detail
