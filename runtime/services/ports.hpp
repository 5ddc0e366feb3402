#pragma once

#include "runtime/worker/protocol.hpp"

#include <weft/ids.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace weft::detail {

/// Tells a receiver that there is something in an outbox for it. Thread-safe, cheap, never blocks; ringing
/// for a receiver that is gone does nothing.
class bell {
 public:
  virtual ~bell() = default;
  virtual void ring() = 0;
};

/// What one sender has to say to one receiver, in order. Group commit: the sender appends and rings only if
/// no ring is on its way; the receiver takes all there is at once, so that a flood becomes large batches by
/// itself and a lone event waits for nobody.
template <class Event>
class outbox {
 public:
  /// Moves the events in, leaving `events` empty. True if the receiver must be told.
  [[nodiscard]] bool append(std::vector<Event>& events) {
    if (events.empty()) return false;
    std::lock_guard lock{mutex_};
    return append_locked(events);
  }

  /// Moves all events out, in place of what `into` holds; the next append rings again.
  void take(std::vector<Event>& into) {
    into.clear();
    std::lock_guard lock{mutex_};
    events_.swap(into);
    told_ = false;
  }

  // -- for a sender that guards its own state with the box's mutex, and so writes into the box itself; all of
  // this under that mutex

  std::mutex& mutex() noexcept { return mutex_; }
  /// Before writing, and after it to put things back.
  void swap(std::vector<Event>& events) noexcept { events_.swap(events); }
  /// After something was put back that was not there before: true if the receiver must be told.
  [[nodiscard]] bool tell() noexcept { return !std::exchange(told_, true); }
  /// What `append` does.
  [[nodiscard]] bool append_locked(std::vector<Event>& events) {
    if (events.empty()) return false;
    if (events_.empty())
      events_.swap(events);
    else
      events_.insert(events_.end(), std::make_move_iterator(events.begin()),
                     std::make_move_iterator(events.end()));
    events.clear();
    return tell();
  }

 private:
  std::mutex mutex_;
  std::vector<Event> events_;
  bool told_ = false;
};

/// A receiver as a sender sees it: an outbox and the bell that goes with it. Whether the receiver is in this
/// process or behind a link cannot be told from here.
template <class Event>
struct port {
  std::shared_ptr<outbox<Event>> box;
  std::shared_ptr<detail::bell> bell;

  void send(std::vector<Event>& events) const {
    if (box->append(events)) bell->ring();
  }
};

} // namespace weft::detail
