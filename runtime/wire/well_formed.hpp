#pragma once

#include "runtime/holder/protocol.hpp"
#include "runtime/scheduler/protocol.hpp"
#include "runtime/worker/protocol.hpp"

namespace weft::detail {

/// Throws `decode_error`, with a sentence, for an event that lacks what every receiver counts on: a task
/// without a body, a failure that is none, an input named twice. A link hears no such events, so machines
/// need not expect them; what else a peer says in its own name, in any order and however stale, a machine
/// must live with.
void require_well_formed(const scheduler_event& event);
void require_well_formed(const worker_event& event);
void require_well_formed(const holder_event& event);

} // namespace weft::detail
