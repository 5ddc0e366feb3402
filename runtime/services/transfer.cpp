#include "runtime/services/transfer.hpp"

#include "runtime/services/transfer_core.hpp"

#include <weft/errors.hpp>

#include <stdexcept>

namespace weft::detail {

// -- for any thread ---

endpoint transfer::implementation::listen(const endpoint& where, bool insecure) {
  if (listener_) throw std::logic_error("transfer: it listens already");
  auto decide = [](const peer_description& peer) {
    return peer.purpose == connection_purpose::data
               ? hello_verdict::accept()
               : hello_verdict::refuse("only data moves through this port");
  };
  listener_.emplace(
      io_, where,
      listener::settings{.key = settings_.key,
                         .self = settings_.self,
                         .insecure = insecure,
                         .same_machine = settings_.same_machine},
      listener::callbacks{.decide = decide,
                          .connected = [this](connection connected) { adopt(std::move(connected)); },
                          .dropped = settings_.log});
  return listener_->where();
}

transfer::implementation::party_number transfer::implementation::add_party(worker_id self,
                                                                           transfer_sink& sink) {
  party_number number;
  {
    std::lock_guard lock{inbox_mutex_};
    number = ++parties_made_;
  }
  io_.run([&] {
    parties_.emplace(number, party_record{self, &sink, {}, {}});
    if (self) workers_[self] = number;
  });
  return number;
}

void transfer::implementation::remove_party(party_number number) {
  if (closed_) return;
  io_.run([&] {
    auto found = parties_.find(number);
    if (found == parties_.end()) return;
    std::erase_if(workers_, [&](const auto& entry) { return entry.second == number; });
    std::vector<requester_id> unanswered;
    for (const auto& [requester, question] : questions_)
      if (question.party == number) unanswered.push_back(requester);
    for (auto requester : unanswered)
      answer(requester, frame_type::value_moved, nullptr);
    for (auto& [where, link] : links_) {
      std::erase_if(link.questions, [&](const auto& entry) { return entry.second.party == number; });
      std::erase_if(link.putters, [&](const auto& entry) { return entry.first == number; });
    }
    parties_.erase(found);
  });
}

void transfer::implementation::order(party_number from, orders what) {
  std::unique_lock lock{inbox_mutex_};
  inbox_.emplace_back(from, std::move(what));
  bool first = inbox_.size() == 1;
  lock.unlock();
  if (first) io_.post([self = shared_from_this()] { self->drain_inbox(); });
}

void transfer::implementation::adopt(connection connected) {
  auto shared = std::make_shared<connection>(std::move(connected));
  io_.post([self = shared_from_this(), shared] {
    if (self->closed_) return;
    auto stream = std::make_shared<data_stream>(self->io_, self->encoding_, std::move(*shared), *self,
                                                self->settings_.length_max);
    self->visitors_.emplace(stream.get(), visitor{stream, {}});
    stream->start();
  });
}

std::size_t transfer::implementation::connection_count() {
  std::size_t count = 0;
  io_.run([&] { count = links_.size() + visitors_.size(); });
  return count;
}

void transfer::implementation::close() {
  if (listener_) listener_->close();
  io_.run([this] {
    if (closed_.exchange(true)) return;
    sweep_timer_.cancel();
    for (auto& [where, link] : links_)
      if (link.stream) link.stream->close();
    for (auto& [stream, visitor] : visitors_)
      stream->close();
    links_.clear();
    troubles_.clear();
    link_endpoints_.clear();
    visitors_.clear();
    questions_.clear();
    parties_.clear();
    workers_.clear();
  });
  encoding_.close();
  listener_.reset();
}

// -- orders ---

void transfer::implementation::drain_inbox() {
  std::vector<std::pair<party_number, orders>> taken;
  {
    std::lock_guard lock{inbox_mutex_};
    taken.swap(inbox_);
  }
  for (auto& [from, what] : taken) {
    if (closed_) return;
    auto party = parties_.find(from);
    if (party == parties_.end()) continue;
    if (auto* met = std::get_if<introduction>(&what)) {
      try {
        party->second.addresses[met->worker] = endpoint::parse(met->address);
      } catch (const std::invalid_argument& error) {
        party->second.addresses.erase(met->worker);
        log(error.what());
      }
    } else if (auto* gone = std::get_if<farewell>(&what)) {
      forget(from, gone->worker);
    } else {
      for (auto& command : std::get<std::vector<transfer_command>>(what))
        perform(from, command);
    }
  }
}

void transfer::implementation::perform(party_number from, transfer_command& command) {
  if (auto* wanted = std::get_if<request_value>(&command)) return ask(from, *wanted);
  if (auto* given = std::get_if<put_value>(&command)) return put(from, *given);
  if (auto* moved = std::get_if<send_moved>(&command))
    return answer(moved->requester, frame_type::value_moved, nullptr);
  auto& ready = std::get<send_value>(command);
  answer(ready.requester, frame_type::value, std::move(ready.value));
}

// -- events ---

void transfer::implementation::emit(party_number to, worker_event event) {
  auto party = parties_.find(to);
  if (party == parties_.end()) return;
  party->second.events.push_back(std::move(event));
  if (std::exchange(delivery_posted_, true)) return;
  // In a turn of its own: what comes together is delivered together, and a sink finds no work half done.
  asio::post(io_.context(), [self = shared_from_this()] { self->deliver_events(); });
}

void transfer::implementation::deliver_events() {
  delivery_posted_ = false;
  std::vector<party_number> numbers;
  for (const auto& [number, party] : parties_)
    if (!party.events.empty()) numbers.push_back(number);
  for (auto number : numbers) {
    auto party = parties_.find(number); // a sink may have removed it
    if (party == parties_.end()) continue;
    auto events = std::move(party->second.events);
    party->second.events.clear();
    party->second.sink->deliver(events);
  }
}

// -- party and transfer ---

class transfer::party final : public data_mover {
 public:
  party(std::shared_ptr<implementation> transfer, worker_id self, transfer_sink& sink)
      : transfer_(std::move(transfer)), number_(transfer_->add_party(self, sink)) {}
  ~party() override { transfer_->remove_party(number_); }

  void introduce(worker_id worker, const std::string& address) override {
    transfer_->order(number_, implementation::introduction{worker, address});
  }
  void forget(worker_id worker) override { transfer_->order(number_, implementation::farewell{worker}); }
  void perform(std::vector<transfer_command>& commands) override {
    if (!commands.empty()) transfer_->order(number_, std::exchange(commands, {}));
  }

 private:
  std::shared_ptr<implementation> transfer_;
  implementation::party_number number_;
};

transfer::transfer(io_thread& io, settings how)
    : implementation_(std::make_shared<implementation>(io, std::move(how))) {}

transfer::~transfer() {
  close();
}

endpoint transfer::listen(const endpoint& where, bool insecure) {
  return implementation_->listen(where, insecure);
}

void transfer::adopt(connection connected) {
  implementation_->adopt(std::move(connected));
}

std::unique_ptr<data_mover> transfer::attach(worker_id self, transfer_sink& sink) {
  return std::make_unique<party>(implementation_, self, sink);
}

std::size_t transfer::connection_count() const {
  return implementation_->connection_count();
}

void transfer::close() {
  implementation_->close();
}

} // namespace weft::detail
