#pragma once

#include "actors/node.hpp"
#include "actors/shell.hpp"

#include <mutex>
#include <vector>

namespace weft::detail {

/// A future holder's actor from inside: hands what it hears to the client, a slice at a time, until the
/// client closes.
class future_holder_shell final : public shell<holder_event> {
 public:
  /// Once, before the scheduler gets to know the client; thread-safe.
  void open(client_sink& sink);
  /// When it returns, the sink is not called any more. Thread-safe.
  void close();

  bool hear(const std::shared_ptr<outbox<holder_event>>& box) override;
  bool go_on() override;
  void end(const std::string&) override { close(); }

 private:
  std::mutex sink_mutex_; // held while the sink is called
  client_sink* sink_ = nullptr;
  bool closed_ = false;
  // The actor's own:
  std::vector<holder_event> events_; // [next_, …) is not delivered yet
  std::size_t next_ = 0;
  std::vector<holder_event> slice_;
};

} // namespace weft::detail
