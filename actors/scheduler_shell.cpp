#include "actors/scheduler_shell.hpp"

#include <algorithm>

namespace weft::detail {

namespace {

// A turn's worth of events: well below a millisecond, and enough for one placement to serve many.
constexpr std::size_t turn = 4096;

constexpr std::size_t spare_boxes_max = 2;

} // namespace

void scheduler_shell::add_worker(worker_id worker, port<worker_event> to) {
  if (worker.value >= workers_.size()) workers_.resize(worker.value + 1);
  workers_[worker.value] = std::move(to);
}

void scheduler_shell::add_client(client_id client, port<holder_event> to) {
  if (client.value >= clients_.size()) clients_.resize(client.value + 1);
  clients_[client.value] = std::move(to);
}

bool scheduler_shell::hear(const std::shared_ptr<outbox<scheduler_event>>& box) {
  const bool turn_pending = !backlog_.empty();
  std::vector<scheduler_event> batch;
  if (!spare_.empty()) {
    batch = std::move(spare_.back());
    spare_.pop_back();
  }
  box->take(batch);
  backlog_.push_back(std::move(batch));
  // If there is a backlog, a turn is on its way already: two would only take longer.
  return turn_pending ? false : go_on();
}

bool scheduler_shell::go_on() {
  std::size_t left = turn;
  while (!backlog_.empty() && left > 0) {
    auto& batch = backlog_.front();
    const std::size_t until = std::min(batch.size(), next_ + left);
    left -= until - next_;
    while (next_ < until)
      step(std::move(batch[next_++]));
    if (next_ < batch.size()) break;
    batch.clear();
    if (spare_.size() < spare_boxes_max) spare_.push_back(std::move(batch));
    backlog_.pop_front();
    next_ = 0;
  }
  state_.settle(commands_);
  flush();
  announce_new();
  forget_gone();
  return !backlog_.empty();
}

void scheduler_shell::step(scheduler_event&& event) {
  if (const auto* joined = std::get_if<worker_joined>(&event))
    new_workers_.push_back(joined->worker);
  else if (const auto* lost = std::get_if<worker_lost>(&event))
    gone_workers_.push_back(lost->worker);
  else if (const auto* left = std::get_if<client_left>(&event))
    gone_clients_.push_back(left->client);
  state_.step(std::move(event), commands_);
}

void scheduler_shell::flush() {
  commands_.to_workers.flush([this](worker_id worker, std::vector<worker_event>& events) {
    if (worker.value < workers_.size() && workers_[worker.value].box) workers_[worker.value].send(events);
  });
  commands_.to_clients.flush([this](client_id client, std::vector<holder_event>& events) {
    if (client.value < clients_.size() && clients_[client.value].box) clients_[client.value].send(events);
  });
}

void scheduler_shell::announce_new() {
  for (const worker_id worker : new_workers_)
    if (tell_.joined) tell_.joined(worker);
  new_workers_.clear();
}

void scheduler_shell::forget_gone() {
  for (const worker_id worker : gone_workers_) {
    if (worker.value < workers_.size()) workers_[worker.value] = {};
    commands_.to_workers.forget(worker);
  }
  for (const client_id client : gone_clients_) {
    if (client.value < clients_.size()) clients_[client.value] = {};
    commands_.to_clients.forget(client);
  }
  gone_workers_.clear();
  gone_clients_.clear();
}

void scheduler_shell::end(const std::string& trouble) {
  const std::string how = trouble.empty() ? "the scheduler was stopped" : "the scheduler failed: " + trouble;
  for (const auto& client : clients_) {
    if (!client.box) continue;
    std::vector<holder_event> last;
    last.emplace_back(scheduler_lost{how});
    client.send(last);
  }
  // The ports hold actors, and those may hold this one.
  clients_.clear();
  workers_.clear();
  if (tell_.ended) tell_.ended(how);
}

} // namespace weft::detail
