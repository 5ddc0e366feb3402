#pragma once

#include "actors/shell.hpp"
#include "runtime/services/worker_engine.hpp"

namespace weft::detail {

/// A worker's actor from inside: the engine does all there is to do, on this actor's thread.
class worker_shell final : public shell<worker_event> {
 public:
  explicit worker_shell(std::shared_ptr<worker_engine> engine) : engine_(std::move(engine)) {}

  /// The box is the engine's own inbox, which others fill too.
  bool hear(const std::shared_ptr<outbox<worker_event>>&) override { return go_on(); }
  bool go_on() override {
    engine_->drain();
    return false;
  }
  void end(const std::string&) override {}

 private:
  const std::shared_ptr<worker_engine> engine_;
};

} // namespace weft::detail
