#pragma once

#include "runtime/services/ports.hpp"

#include <functional>
#include <memory>
#include <string>

namespace caf {
class actor_system;
}

namespace weft::detail {

/// A machine's clothes, as its actor sees them: what makes commands of events and carries them out. Knows no
/// actor. All members are called by the actor, one at a time.
template <class Event>
class shell {
 public:
  virtual ~shell() = default;
  /// Somebody has put something into this box. Returns whether another turn is wanted: a turn is short, so
  /// that whoever shares the thread is not held up.
  virtual bool hear(const std::shared_ptr<outbox<Event>>& box) = 0;
  /// Another turn, as wanted.
  virtual bool go_on() = 0;
  /// The last call. `trouble` says what was thrown by one of the others, and is empty otherwise.
  virtual void end(const std::string& trouble) = 0;
};

/// An actor with a shell inside, as everybody else sees it. Thread-safe. Ends with its last owner.
template <class Event>
class hosted {
 public:
  virtual ~hosted() = default;
  /// A bell that makes the actor hear this box.
  virtual std::shared_ptr<bell> bell_for(std::shared_ptr<outbox<Event>> box) = 0;
  /// A box of one's own to say something to it, and the bell that goes with it.
  port<Event> make_port() {
    auto box = std::make_shared<outbox<Event>>();
    auto its = bell_for(box);
    return {std::move(box), std::move(its)};
  }
  /// Does this inside the actor, in the order of doorbells and errands.
  virtual void post(std::function<void()> errand) = 0;
  /// Asks the actor to end, once it has heard all that was sent before.
  virtual void begin_end() = 0;
  /// The same, and waits until it has ended. Idempotent. Not from inside.
  virtual void end() = 0;
};

/// Where an actor runs: on CAF's scheduler threads, which wake within 10 µs, or, where links bring the work,
/// on the thread that watches their sockets, which saves a hand-over.
enum class stage { scheduled, io };

/// Puts a shell into an actor.
template <class Event>
std::shared_ptr<hosted<Event>> host_shell(caf::actor_system& system, stage where,
                                          std::shared_ptr<shell<Event>> what);

} // namespace weft::detail
