#pragma once

#include "runtime/services/connection.hpp"
#include "runtime/services/data_mover.hpp"
#include "runtime/services/endpoint.hpp"
#include "runtime/services/io_thread.hpp"
#include "runtime/worker/protocol.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weft::detail {

/// Takes what comes for one party of a transfer.
class transfer_sink {
 public:
  virtual ~transfer_sink() = default;
  /// Takes the events, in order, leaving the vector empty. A worker's are value_requested, requester_gone,
  /// value_put, value_arrived, value_moved, value_refused and peer_unreachable; a client's the last four.
  /// Called on the io thread, without any lock held; must not block and must not throw.
  virtual void deliver(std::vector<worker_event>& events) = 0;
};

/// The data plane between processes: one per process and cluster. Values move from the process that has them
/// to the one that needs them over connections of their own, which are opened with the first question, shared
/// by all parties of the process, and closed when they have been idle for long.
///
/// A party is a worker or a client of this process. Who asks is answered exactly once for each question: with
/// value_arrived, value_moved or value_refused, or with one peer_unreachable for all that was asked of that
/// worker. Who is asked answers when it likes (send_value, send_moved), or learns that nobody waits any more
/// (requester_gone).
///
/// All members are thread-safe.
class transfer {
 public:
  struct settings {
    key_bytes key{};
    peer_description self{};                         ///< role, name, host, process, build
    std::chrono::milliseconds connect_timeout{5000}; ///< for reaching another process, the hello included
    /// How long after a failure to reach a process the next attempt is made at the earliest. It doubles with
    /// each failure, up to 32 times as long. What is asked meanwhile waits.
    std::chrono::milliseconds retry_pause{50};
    std::chrono::milliseconds idle_limit{60'000};
    bool same_machine = true; ///< whether processes of one machine talk over AF_UNIX
    std::uint64_t length_max = std::uint64_t{64} << 30; ///< of a value, in bytes; longer ones are refused
    /// For the log, may be empty: a sentence about a connection that was refused or broke, said once while
    /// attempts go on failing. Called on the io thread.
    std::function<void(const std::string&)> log{};
  };

  /// `io` must outlive it.
  transfer(io_thread& io, settings how);
  /// Closes.
  ~transfer();

  /// Opens a port of its own for data connections, for a process in which nothing else listens. Returns
  /// where, with the real port. At most once. Throws as a listener's construction does.
  endpoint listen(const endpoint& where, bool insecure = false);

  /// Takes over a connection whose purpose is data from a listener that the process has anyway.
  void adopt(connection connected);

  /// Adds a party: a worker, which others may ask by its id, or a client (`self` none), which only asks and
  /// puts. The result speaks for it, and its destruction removes it: what was asked of it is answered with
  /// value_moved, and after that `sink` is not called any more. Requester ids made here have their highest
  /// bit set.
  ///
  /// `introduce` takes an endpoint's text; a worker whose address is none counts as unreachable.
  std::unique_ptr<data_mover> attach(worker_id self, transfer_sink& sink);

  /// How many data connections are open or being opened, both ways.
  std::size_t connection_count() const;

  /// Closes all connections and stops listening. When it returns, no sink is called any more. Idempotent;
  /// must not be called on the io thread.
  void close();

 private:
  class implementation;
  class party;
  std::shared_ptr<implementation> implementation_;
};

} // namespace weft::detail
