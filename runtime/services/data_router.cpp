#include "runtime/services/data_router.hpp"

#include <algorithm>
#include <utility>

namespace weft::detail {

namespace {

// Those who ask within the process; the transfer service's own numbers have the highest bit set.
constexpr requester_id client_bit = requester_id{1} << 62;

requester_id requester_of(worker_id worker) {
  return worker.value;
}
requester_id requester_of(client_id client) {
  return client_bit | client.value;
}
bool is_client(requester_id requester) {
  return (requester & client_bit) != 0;
}
bool is_remote(requester_id requester) {
  return requester >> 63 != 0;
}

} // namespace

// What is to be said to parties of this process, in order for each.
struct data_router::deliveries {
  std::vector<std::pair<worker_id, std::vector<worker_event>>> to_workers;
  std::vector<std::pair<client_id, std::vector<holder_event>>> to_clients;

  template <class Id, class Event>
  static std::vector<Event>& of(std::vector<std::pair<Id, std::vector<Event>>>& all, Id id) {
    for (auto& [whose, events] : all)
      if (whose == id) return events;
    return all.emplace_back(id, std::vector<Event>{}).second;
  }
  std::vector<worker_event>& to(worker_id worker) { return of(to_workers, worker); }
  std::vector<holder_event>& to(client_id client) { return of(to_clients, client); }
};

// One worker or client: what it wants goes out here, what other processes say to it comes in.
class data_router::party : public data_mover, public transfer_sink {
 public:
  explicit party(std::shared_ptr<data_router> router) : router_(std::move(router)) {}

  void introduce(worker_id worker, const std::string& address) final {
    if (!remote_) return;
    {
      std::lock_guard lock{router_->mutex_};
      if (router_->workers_.contains(worker)) return;
    }
    remote_->introduce(worker, address.empty() ? router_->address_of_nameless_ : address);
  }
  void forget(worker_id worker) override {
    if (remote_) remote_->forget(worker);
  }

  data_mover* remote() noexcept { return remote_.get(); }

 protected:
  void attach_remote(worker_id self) {
    if (router_->remote_) remote_ = router_->remote_->attach(self, *this);
  }
  void detach_remote() { remote_.reset(); }

  const std::shared_ptr<data_router> router_;

 private:
  std::unique_ptr<data_mover> remote_;
};

class data_router::worker_party final : public party {
 public:
  worker_party(std::shared_ptr<data_router> router, worker_id self, port<worker_event> to)
      : party(std::move(router)), self_(self), to_(std::move(to)) {
    attach_remote(self);
  }
  ~worker_party() override {
    router_->detach(self_);
    detach_remote();
  }
  void perform(std::vector<transfer_command>& commands) override {
    router_->route(*this, requester_of(self_), commands);
  }
  void deliver(std::vector<worker_event>& events) override { to_.send(events); }

 private:
  const worker_id self_;
  const port<worker_event> to_;
};

class data_router::client_party final : public party {
 public:
  client_party(std::shared_ptr<data_router> router, client_id self, port<holder_event> to)
      : party(std::move(router)), self_(self), to_(std::move(to)) {
    attach_remote({});
  }
  ~client_party() override {
    router_->detach(self_);
    detach_remote();
  }

  void perform(std::vector<transfer_command>& commands) override {
    {
      std::lock_guard lock{asked_mutex_};
      for (const auto& command : commands)
        if (const auto* request = std::get_if<request_value>(&command))
          asked_.emplace(request->worker, request->task);
    }
    router_->route(*this, requester_of(self_), commands);
  }

  void forget(worker_id worker) override {
    party::forget(worker);
    lose(worker);
  }

  // From another process, in a worker's words.
  void deliver(std::vector<worker_event>& events) override {
    std::vector<holder_event> heard;
    for (auto& event : events) {
      if (auto* arrived = std::get_if<value_arrived>(&event))
        heard.emplace_back(value_fetched{arrived->from, arrived->task, std::move(arrived->value)});
      else if (auto* moved = std::get_if<value_moved>(&event))
        heard.emplace_back(value_unreachable{moved->from, moved->task});
      else if (auto* refused = std::get_if<value_refused>(&event))
        heard.emplace_back(fetch_refused{refused->from, refused->task, std::move(refused->failure)});
      else if (const auto* unreachable = std::get_if<peer_unreachable>(&event)) {
        lose(unreachable->worker);
        heard.emplace_back(worker_unreachable{unreachable->worker});
      }
    }
    events.clear();
    send(heard);
  }

  void send(std::vector<holder_event>& heard) {
    {
      std::lock_guard lock{asked_mutex_};
      for (const auto& event : heard)
        std::visit(
            [this]<class Answer>(const Answer& answer) {
              if constexpr (requires { answer.from; }) asked_.erase({answer.from, answer.task});
            },
            event);
    }
    to_.send(heard);
  }

  // What was asked of that worker will not come.
  void lose(worker_id worker) {
    std::vector<holder_event> heard;
    {
      std::lock_guard lock{asked_mutex_};
      const auto first = asked_.lower_bound({worker, task_id{}});
      auto last = first;
      for (; last != asked_.end() && last->first == worker; ++last)
        heard.emplace_back(value_unreachable{worker, last->second});
      asked_.erase(first, last);
    }
    to_.send(heard);
  }

 private:
  const client_id self_;
  const port<holder_event> to_;
  std::mutex asked_mutex_;
  std::set<std::pair<worker_id, task_id>> asked_;
};

std::unique_ptr<data_mover> data_router::attach(worker_id self, port<worker_event> to) {
  {
    std::lock_guard lock{mutex_};
    workers_[self] = to;
  }
  return std::make_unique<worker_party>(shared_from_this(), self, std::move(to));
}

std::unique_ptr<data_mover> data_router::attach(client_id self, port<holder_event> to) {
  auto its = std::make_unique<client_party>(shared_from_this(), self, std::move(to));
  std::lock_guard lock{mutex_};
  clients_[self] = its.get();
  return its;
}

void data_router::route(party& from, requester_id its, std::vector<transfer_command>& commands) {
  deliveries here;
  std::vector<transfer_command> elsewhere;
  const auto answer = [&]<class ToWorker, class ToClient>(requester_id asker, ToWorker&& say_to_worker,
                                                          ToClient&& say_to_client) {
    if (is_client(asker))
      here.to(client_id{static_cast<std::uint32_t>(asker)}).emplace_back(say_to_client());
    else
      here.to(worker_id{static_cast<std::uint32_t>(asker)}).emplace_back(say_to_worker());
  };
  const worker_id self = is_client(its) ? worker_id{} : worker_id{static_cast<std::uint32_t>(its)};
  {
    std::lock_guard lock{mutex_};
    for (auto& command : commands) {
      if (auto* request = std::get_if<request_value>(&command)) {
        if (workers_.contains(request->worker))
          here.to(request->worker).emplace_back(value_requested{its, request->task});
        else if (from.remote())
          elsewhere.push_back(std::move(command));
        else
          answer(
              its, [&] { return peer_unreachable{request->worker}; },
              [&] {
                return value_unreachable{request->worker, request->task};
              });
      } else if (auto* put = std::get_if<put_value>(&command)) {
        // A worker of this process that is gone is lost for the scheduler too, which has it put elsewhere.
        if (workers_.contains(put->worker))
          here.to(put->worker).emplace_back(value_put{put->task, std::move(put->value)});
        else if (from.remote())
          elsewhere.push_back(std::move(command));
      } else if (auto* value = std::get_if<send_value>(&command)) {
        if (is_remote(value->requester))
          elsewhere.push_back(std::move(command));
        else
          answer(
              value->requester,
              [&] {
                return value_arrived{self, value->task, std::move(value->value)};
              },
              [&] {
                return value_fetched{self, value->task, std::move(value->value)};
              });
      } else if (auto* moved = std::get_if<send_moved>(&command)) {
        if (is_remote(moved->requester))
          elsewhere.push_back(std::move(command));
        else
          answer(
              moved->requester,
              [&] {
                return value_moved{self, moved->task};
              },
              [&] {
                return value_unreachable{self, moved->task};
              });
      }
    }
  }
  commands.clear();
  if (!elsewhere.empty()) from.remote()->perform(elsewhere);
  deliver(here);
}

// Rings without the lock: what a bell leads to may come back here.
void data_router::deliver(deliveries& what) {
  for (auto& [worker, events] : what.to_workers) {
    port<worker_event> to;
    {
      std::lock_guard lock{mutex_};
      if (const auto found = workers_.find(worker); found != workers_.end()) to = found->second;
    }
    if (to.box) to.send(events);
  }
  for (auto& [client, events] : what.to_clients) {
    std::lock_guard lock{mutex_}; // a client's bell rings an actor, which does not come back on this thread
    if (const auto found = clients_.find(client); found != clients_.end()) found->second->send(events);
  }
}

void data_router::detach(worker_id worker) {
  deliveries told;
  {
    std::lock_guard lock{mutex_};
    workers_.erase(worker);
    for (const auto& [other, to] : workers_) {
      told.to(other).emplace_back(requester_gone{requester_of(worker)});
      told.to(other).emplace_back(peer_unreachable{worker});
    }
    for (const auto& [client, its] : clients_)
      its->lose(worker);
  }
  deliver(told);
}

void data_router::detach(client_id client) {
  deliveries told;
  {
    std::lock_guard lock{mutex_};
    clients_.erase(client);
    for (const auto& [worker, to] : workers_)
      told.to(worker).emplace_back(requester_gone{requester_of(client)});
  }
  deliver(told);
}

} // namespace weft::detail
