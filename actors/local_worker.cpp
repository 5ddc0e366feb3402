#include "actors/local_worker.hpp"

#include "actors/worker_shell.hpp"

namespace weft::detail {

std::shared_ptr<local_worker> local_worker::make(std::shared_ptr<process_actors> actors, worker_id id,
                                                 const worker_options& options,
                                                 const function_directory& functions, connections how) {
  std::shared_ptr<local_worker> self{new local_worker{std::move(actors), std::move(how)}};
  worker_engine::settings settings{
      .id = id,
      .name = self->connections_.attributes->name,
      .threads = self->connections_.attributes->threads,
      .spin = options.spin,
      .report_interval = options.report_interval,
      .flush_reports = self->connections_.flush_reports,
      .on_leave =
          [weak = self->weak_from_this()] {
            if (const auto self = weak.lock()) self->leave("retired");
          },
  };
  self->engine_ = std::make_shared<worker_engine>(std::move(settings), functions,
                                                  self->connections_.scheduler, self->actors_->timers());
  self->actor_ = host_shell<worker_event>(self->actors_->system(), self->connections_.where,
                                          std::make_shared<worker_shell>(self->engine_));
  return self;
}

local_worker::~local_worker() {
  stop(std::chrono::nanoseconds::max());
}

port<worker_event> local_worker::port_for_scheduler() {
  return {engine_->inbox(), actor_->bell_for(engine_->inbox())};
}

void local_worker::start() {
  engine_->start(connections_.router->attach(id(), engine_->direct_port()));
  std::vector<scheduler_event> joined;
  joined.emplace_back(worker_joined{id(), connections_.attributes});
  connections_.scheduler.send(joined);
}

std::vector<std::string> local_worker::stop(std::chrono::nanoseconds limit) {
  auto running = engine_->stop(limit);
  if (!running.empty()) return running;
  actor_->end();
  leave("stopped");
  return {};
}

void local_worker::leave(const std::string& how) {
  {
    std::lock_guard lock{mutex_};
    if (!how_it_left_.empty()) return;
    how_it_left_ = how;
  }
  has_left_.notify_all();
  connections_.on_left(how);
}

void local_worker::ask_to_retire() {
  std::vector<scheduler_event> request;
  request.emplace_back(retire_worker{id()});
  connections_.scheduler.send(request);
}

bool local_worker::wait_until_left(std::chrono::nanoseconds limit) {
  std::unique_lock lock{mutex_};
  const auto left = [&] { return !how_it_left_.empty(); };
  if (limit < std::chrono::hours{24 * 365}) return has_left_.wait_for(lock, limit, left);
  has_left_.wait(lock, left);
  return true;
}

std::string local_worker::how_it_left() const {
  std::lock_guard lock{mutex_};
  return how_it_left_;
}

} // namespace weft::detail
