#pragma once

#include "tests/simulation/clock.hpp"
#include "tests/support/seeded_random.hpp"

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace weft::test {

/// How long things take on their way.
struct delays {
  std::int64_t least;
  std::int64_t most;

  std::int64_t draw(seeded_random& chance) const {
    const std::int64_t usual = chance.between(least, most);
    return chance.chance(20) ? usual * 10 : usual;
  }
};

/// One direction of a connection: batches arrive late, in order, and not at all once it is cut. A batch may
/// arrive in two parts, and a cut may come between them.
template <class Event>
class simulated_link {
 public:
  using batch = std::vector<Event>;

  simulated_link(simulated_clock& clock, seeded_random chance, delays its,
                 std::function<void(batch&&)> deliver)
      : state_(std::make_shared<state>(std::move(deliver))), clock_(clock), chance_(chance), delays_(its) {}

  void send(batch&& events) {
    if (!state_->up || events.empty()) return;
    if (events.size() > 1 && chance_.chance(250)) {
      const auto middle = events.begin() + chance_.between(1, static_cast<std::int64_t>(events.size()) - 1);
      batch tail(std::make_move_iterator(middle), std::make_move_iterator(events.end()));
      events.erase(middle, events.end());
      ship(std::move(events));
      ship(std::move(tail));
    } else {
      ship(std::move(events));
    }
  }

  void cut() { state_->up = false; }
  bool up() const { return state_->up; }

 private:
  struct state {
    explicit state(std::function<void(batch&&)> deliver) : deliver(std::move(deliver)) {}
    std::function<void(batch&&)> deliver;
    bool up = true;
  };

  void ship(batch&& events) {
    last_ = std::max(last_, clock_.now() + std::chrono::nanoseconds(delays_.draw(chance_)));
    clock_.at(last_, [state = state_, events = std::move(events)]() mutable {
      if (state->up) state->deliver(std::move(events));
    });
  }

  std::shared_ptr<state> state_;
  simulated_clock& clock_;
  seeded_random chance_;
  delays delays_;
  instant last_;
};

} // namespace weft::test
