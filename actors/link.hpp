#pragma once

#include "actors/process_actors.hpp"
#include "actors/shell.hpp"
#include "runtime/services/connection.hpp"
#include "runtime/wire/protocol_codec.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace weft::detail {

/// What a link needs to know of its connection and of this side. `Out` is what the peer hears, `In` what it
/// says.
template <class Out, class In>
struct link_settings {
  connection socket;
  event_source peer = event_source::scheduler;
  std::string peer_name; ///< for the log: "worker alice (127.0.0.1:4711)"
  /// Whether the peer may say this; null: all that event_source allows.
  std::function<bool(const In&)> may_say;
  /// An event could not be sent (its body cannot be encoded, say): what the peer has to hear in its place, if
  /// anything, and this side. Null: the link ends.
  std::function<std::optional<Out>(const Out&, failure_ptr why, std::vector<In>& hear)> refused;
  /// The link is over, with the reason for people; called once, in the link's actor. `on_purpose`: one side
  /// said goodbye. What is put into `hear` is the last that this side hears from here.
  std::function<void(const std::string& how, bool on_purpose, std::vector<In>& hear)> on_closed;
  std::chrono::milliseconds silence_limit{15'000};
  std::chrono::milliseconds ping_interval{1'000};
};

/// Stands for a peer in another process: an actor on the thread that watches sockets, which takes the very
/// doorbells that the peer's actor would take and writes what is in the boxes as frames; frames that come in
/// become events for an actor here. One per control connection.
///
/// While more than a mebibyte is unsent, the boxes are left as they are: a peer that is slow gets its events
/// merged into larger batches, and holds up nobody else. A peer that is silent for too long, sends what it
/// may not or what is no frame loses its connection; others do not notice.
template <class Out, class In>
class link {
 public:
  virtual ~link() = default;
  /// Begins to read; `to` hears the peer. Before, nothing is sent either.
  virtual void start(port<In> to) = 0;
  /// Where this side's events for the peer go.
  virtual const port<Out>& to_peer() const noexcept = 0;
  /// Returns when all that was put into the box before is in the kernel's hands, or the link is over.
  virtual void flush() = 0;
  /// Sends what is in the box, says goodbye and closes; does not wait for it.
  virtual void begin_close(const std::string& why) = 0;
  /// The same, and waits until it is closed: for `limit` at most, then what is unsent is given up.
  /// Idempotent. Not from inside.
  virtual void close(const std::string& why, std::chrono::milliseconds limit = std::chrono::seconds{1}) = 0;
};

template <class Out, class In>
std::shared_ptr<link<Out, In>> make_link(process_actors& actors, link_settings<Out, In> how);

} // namespace weft::detail
