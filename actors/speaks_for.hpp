#pragma once

#include "runtime/scheduler/protocol.hpp"

namespace weft::detail {

/// Whether the event speaks of this client and its tasks only. What event_source allows clients to say is
/// checked already.
inline bool speaks_for(const scheduler_event& event, client_id client) {
  return std::visit(
      [client]<class Its>(const Its& its) {
        if constexpr (requires { its.client; })
          return its.client == client;
        else if constexpr (std::is_same_v<Its, retire_worker>)
          return true;
        else if constexpr (requires { its.run; })
          return false; // a worker's report
        else if constexpr (requires { its.task; })
          return its.task.client() == client;
        else
          return false;
      },
      event);
}

/// Whether the event is this worker's to say.
inline bool speaks_for(const scheduler_event& event, worker_id worker) {
  return std::visit(
      [worker](const auto& its) {
        if constexpr (requires { its.worker; })
          return its.worker == worker;
        else
          return false;
      },
      event);
}

} // namespace weft::detail
