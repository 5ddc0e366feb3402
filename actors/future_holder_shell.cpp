#include "actors/future_holder_shell.hpp"

#include <algorithm>
#include <iterator>

namespace weft::detail {

namespace {

// What the client takes in under its mutex at once: user threads want it too.
constexpr std::size_t slice = 256;
constexpr std::size_t slices_per_turn = 16;

} // namespace

void future_holder_shell::open(client_sink& sink) {
  std::lock_guard lock{sink_mutex_};
  sink_ = &sink;
}

void future_holder_shell::close() {
  std::lock_guard lock{sink_mutex_};
  sink_ = nullptr;
  closed_ = true;
}

bool future_holder_shell::hear(const std::shared_ptr<outbox<holder_event>>& box) {
  const bool turn_pending = next_ < events_.size();
  if (turn_pending) {
    std::vector<holder_event> more;
    box->take(more);
    events_.insert(events_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    return false;
  }
  box->take(events_);
  next_ = 0;
  return go_on();
}

bool future_holder_shell::go_on() {
  for (std::size_t i = 0; i < slices_per_turn && next_ < events_.size(); ++i) {
    const auto from = events_.begin() + static_cast<std::ptrdiff_t>(next_);
    const std::size_t count = std::min(slice, events_.size() - next_);
    slice_.assign(std::make_move_iterator(from),
                  std::make_move_iterator(from + static_cast<std::ptrdiff_t>(count)));
    next_ += count;
    std::lock_guard lock{sink_mutex_};
    if (sink_) sink_->deliver(slice_);
    slice_.clear();
  }
  if (next_ < events_.size()) return true;
  events_.clear();
  next_ = 0;
  return false;
}

} // namespace weft::detail
