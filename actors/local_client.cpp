#include "actors/local_client.hpp"

#include <utility>

namespace weft::detail {

local_client::local_client(std::shared_ptr<process_actors> actors, client_id id, connections how)
    : actors_(std::move(actors)), id_(id), connections_(std::move(how)),
      shell_(std::make_shared<future_holder_shell>()),
      actor_(host_shell<holder_event>(actors_->system(), connections_.where, shell_)),
      port_(actor_->make_port()), data_(connections_.router->attach(id, port_)) {}

local_client::~local_client() {
  close();
}

void local_client::start(client_sink& sink) {
  std::lock_guard lock{mutex_};
  shell_->open(sink);
  started_ = true;
  connections_.join(port_);
}

void local_client::close() {
  std::lock_guard lock{mutex_};
  if (std::exchange(started_, false)) connections_.leave();
  shell_->close();
  actor_->end();
}

} // namespace weft::detail
