#pragma once

#include "runtime/holder/holder_state.hpp"
#include "tests/simulation/link.hpp"
#include "tests/simulation/user.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weft::test {

using namespace detail;

class world;

/// A client's shell: what the user's calls and the holder's actor do around holder_state.
class simulated_client {
 public:
  simulated_client(world& its, client_id self);

  client_id self() const { return machine.self(); }
  bool connected() const { return !left_ && to_scheduler.up(); }

  void hear(holder_event&& event);
  void hear_batch(std::vector<holder_event>&& batch);
  /// Lets the user call the machine, then carries out what follows.
  void call(const std::function<void(holder_state&, holder_commands&)>& what);
  void cancel(task_id task);
  /// The client closes, as its destructor does; or its connection is cut, and it finds out.
  void leave();
  void cut();

  holder_state machine;
  simulated_link<holder_event> from_scheduler;
  simulated_link<scheduler_event> to_scheduler;
  user its_user;

 private:
  void step(holder_event&& event);
  void flush();
  void end();

  world& world_;
  seeded_random chance_;
  holder_commands commands_;
  unsigned calls_ = 0; // nested: the outermost one sends
  bool left_ = false;
};

} // namespace weft::test
