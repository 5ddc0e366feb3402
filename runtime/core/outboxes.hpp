#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace weft::detail {

/// What a machine has to say to several receivers, in the order it was said to each. Receivers are numbered
/// densely.
template <class Event, class Id>
class outboxes {
 public:
  template <class E>
  void send(Id receiver, E&& event) {
    if (receiver.value >= boxes_.size()) boxes_.resize(receiver.value + 1);
    auto& box = boxes_[receiver.value];
    if (box.empty()) touched_.push_back(receiver);
    box.emplace_back(std::forward<E>(event));
  }

  bool empty() const noexcept { return touched_.empty(); }

  /// Calls deliver(Id, std::vector<Event>&) for each receiver that has something, in the order of first
  /// mention, and empties the boxes. Deliver may take the events or the whole vector.
  template <class Deliver>
  void flush(Deliver&& deliver) {
    for (const Id receiver : touched_) {
      auto& box = boxes_[receiver.value];
      deliver(receiver, box);
      box.clear();
    }
    touched_.clear();
  }

  /// Gives the memory of a receiver back that will be told nothing any more; its number is not used again.
  void forget(Id receiver) {
    if (receiver.value < boxes_.size()) boxes_[receiver.value] = std::vector<Event>();
  }

 private:
  std::vector<std::vector<Event>> boxes_;
  std::vector<Id> touched_;
};

} // namespace weft::detail
