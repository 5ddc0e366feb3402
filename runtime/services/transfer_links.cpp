#include "runtime/services/encoded_value.hpp"
#include "runtime/services/transfer_core.hpp"

#include <algorithm>

namespace weft::detail {

namespace {

using clock = std::chrono::steady_clock;

constexpr unsigned doublings_most = 5; // of the pause between attempts

constexpr requester_id requester_bit = requester_id{1} << 63;

data_message make_message(frame_type type, std::uint64_t number, worker_id worker = {}, task_id task = {}) {
  data_message message;
  message.type = type;
  message.number = number;
  message.worker = worker;
  message.task = task;
  return message;
}

value_ptr decodable(const data_message& message, received_body body) {
  return make_intrusive<encoded_value>(std::move(body.rest), message.type_name, std::move(body.blocks));
}

} // namespace

// -- asking, putting, answering ---

void transfer::implementation::ask(party_number from, const request_value& what) {
  auto* link = link_to(from, what.worker);
  if (!link) return emit(from, peer_unreachable{what.worker});
  auto number = ++questions_asked_;
  link->questions.emplace(number, asked{from, what.worker, what.task});
  send(*link, make_message(frame_type::request_value, number, what.worker, what.task), nullptr);
}

void transfer::implementation::put(party_number from, put_value& what) {
  auto* link = link_to(from, what.worker);
  if (!link) return emit(from, peer_unreachable{what.worker});
  link->putters.emplace(from, what.worker);
  // The number stays here: it says whose wish it was, should the value turn out not to travel.
  send(*link, make_message(frame_type::put_value, from, what.worker, what.task), std::move(what.value));
}

void transfer::implementation::answer(requester_id requester, frame_type type, value_ptr value) {
  auto found = questions_.find(requester);
  if (found == questions_.end()) return; // whoever asked is gone
  auto [from, number, party] = found->second;
  questions_.erase(found);
  auto& visitor = visitors_.at(from);
  visitor.questions.erase(requester);
  visitor.stream->send(make_message(type, number), std::move(value));
}

void transfer::implementation::forget(party_number from, worker_id worker) {
  auto& addresses = parties_.at(from).addresses;
  if (const auto address = addresses.find(worker); address != addresses.end()) {
    troubles_.erase(address->second);
    addresses.erase(address);
  }
  bool asked_something = false;
  for (auto& [where, link] : links_) {
    link.putters.erase({from, worker});
    asked_something |= std::erase_if(link.questions, [&](const auto& entry) {
                         return entry.second.party == from && entry.second.worker == worker;
                       }) > 0;
  }
  std::erase_if(links_, [](const auto& entry) {
    return entry.second.pause && entry.second.questions.empty() && entry.second.putters.empty();
  });
  if (asked_something) emit(from, peer_unreachable{worker});
}

// -- links: this process asks ---

transfer::implementation::link* transfer::implementation::link_to(party_number from, worker_id worker) {
  const auto& addresses = parties_.at(from).addresses;
  auto address = addresses.find(worker);
  if (address == addresses.end()) return nullptr;
  auto [place, is_new] = links_.try_emplace(address->second);
  if (is_new) {
    const auto known = troubles_.find(address->second);
    if (known == troubles_.end() || known->second.next_attempt <= clock::now())
      connect(address->second);
    else
      connect_after_pause(address->second, known->second.next_attempt);
  }
  sweep_later();
  place->second.last_used = clock::now();
  return &place->second;
}

void transfer::implementation::send(link& to, data_message message, value_ptr value) {
  if (to.stream)
    to.stream->send(std::move(message), std::move(value));
  else
    to.waiting.emplace_back(std::move(message), std::move(value));
}

void transfer::implementation::connect(const endpoint& to) {
  // The scheduler lets only those in from other machines whose cluster was begun as insecure, and this
  // process was allowed to reach the scheduler: so it may reach whomever that one introduces.
  connector::settings how{.key = settings_.key,
                          .self = settings_.self,
                          .timeout = settings_.connect_timeout,
                          .insecure = true,
                          .same_machine = settings_.same_machine};
  how.self.purpose = connection_purpose::data;
  links_.at(to).connecting = std::make_unique<connector>(
      io_, to, std::move(how), [this, to](connection connected, std::exception_ptr error) {
        on_connected(to, std::move(connected), std::move(error));
      });
}

// Who hears that a process cannot be reached asks the scheduler and is sent there again, until the scheduler
// knows better: without a pause they would keep each other busy.
void transfer::implementation::connect_after_pause(const endpoint& to, clock::time_point when) {
  auto& link = links_.at(to);
  link.pause = std::make_unique<asio::steady_timer>(io_.context(), when);
  link.pause->async_wait([self = shared_from_this(), to, pause = link.pause.get()](boost_error error) {
    if (error || self->closed_) return;
    const auto found = self->links_.find(to);
    if (found == self->links_.end() || found->second.pause.get() != pause) return;
    found->second.pause = nullptr;
    if (found->second.questions.empty() && found->second.putters.empty())
      self->links_.erase(found); // nobody wants it any more
    else
      self->connect(to);
  });
}

void transfer::implementation::on_connected(const endpoint& to, connection connected,
                                            std::exception_ptr error) {
  auto found = links_.find(to);
  auto& link = found->second;
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& thrown) {
      auto& its = troubles_[to];
      its.next_attempt = clock::now() + settings_.retry_pause * (1 << std::min(its.failures, doublings_most));
      if (++its.failures == 1) log(thrown.what());
    }
    return end_link(found);
  }
  troubles_.erase(to);
  link.stream =
      std::make_shared<data_stream>(io_, encoding_, std::move(connected), *this, settings_.length_max);
  link_endpoints_.emplace(link.stream.get(), to);
  link.stream->start();
  for (auto& [message, value] : link.waiting)
    link.stream->send(std::move(message), std::move(value));
  link.waiting.clear();
  auto done = std::move(link.connecting); // destroyed last: it is what calls
}

void transfer::implementation::on_answer(link& from, data_message message, received_body body) {
  auto found = from.questions.find(message.number);
  if (found == from.questions.end()) return; // nobody here wants it any more
  // Made first: if the bytes are none, the stream fails with the question still open, and it is answered so.
  auto value = message.type == frame_type::value ? decodable(message, std::move(body)) : nullptr;
  auto [party, worker, task] = found->second;
  from.questions.erase(found);
  from.last_used = clock::now();
  if (value)
    emit(party, value_arrived{worker, task, std::move(value)});
  else if (message.type == frame_type::value_moved)
    emit(party, value_moved{worker, task});
  else
    emit(party, value_refused{worker, task, std::move(message.failure)});
}

void transfer::implementation::end_link(std::map<endpoint, link>::iterator which) {
  auto link = std::move(which->second);
  links_.erase(which);
  if (link.stream) link_endpoints_.erase(link.stream.get());
  auto affected = std::move(link.putters);
  for (const auto& [number, asked] : link.questions)
    affected.emplace(asked.party, asked.worker);
  for (auto [party, worker] : affected)
    emit(party, peer_unreachable{worker});
}

// -- visitors: other processes ask ---

void transfer::implementation::on_question(data_stream& from, data_message message, received_body body) {
  auto target = workers_.find(message.worker);
  if (message.type == frame_type::put_value) {
    // A worker that is not here any more is lost to the scheduler too, which will have the value put
    // elsewhere.
    if (target != workers_.end())
      emit(target->second, value_put{message.task, decodable(message, std::move(body))});
    return;
  }
  auto requester = requester_bit | ++questions_heard_;
  questions_.emplace(requester,
                     question{&from, message.number, target == workers_.end() ? 0 : target->second});
  visitors_.at(&from).questions.insert(requester);
  if (target == workers_.end()) return answer(requester, frame_type::value_moved, nullptr);
  emit(target->second, value_requested{requester, message.task});
}

void transfer::implementation::end_visitor(std::unordered_map<data_stream*, visitor>::iterator which) {
  auto visitor = std::move(which->second);
  visitors_.erase(which);
  for (auto requester : visitor.questions) {
    auto question = questions_.extract(requester);
    emit(question.mapped().party, requester_gone{requester});
  }
}

// -- data_stream_owner ---

void transfer::implementation::on_message(data_stream& from, data_message message, received_body body) {
  bool asks = message.type == frame_type::request_value || message.type == frame_type::put_value;
  auto link = link_endpoints_.find(&from);
  if (asks != (link == link_endpoints_.end())) {
    from.close();
    return on_closed(from, "broke the protocol: a " + std::string{to_string(message.type)} + " out of turn",
                     false);
  }
  asks ? on_question(from, std::move(message), std::move(body))
       : on_answer(links_.at(link->second), std::move(message), std::move(body));
}

void transfer::implementation::on_not_encoded(data_stream&, const data_message& message, failure_ptr why) {
  emit(static_cast<party_number>(message.number),
       value_refused{message.worker, message.task, std::move(why)});
}

// A peer that leaves, or has been idle, closes its connections: worth a word only where something was still
// to come from it.
void transfer::implementation::on_closed(data_stream& which, const std::string& why, bool orderly) {
  if (auto endpoint = link_endpoints_.find(&which); endpoint != link_endpoints_.end()) {
    auto link = links_.find(endpoint->second);
    if (!orderly || !link->second.questions.empty())
      log("the data connection to " + to_string(endpoint->second) + " ended: " + why);
    return end_link(link);
  }
  auto visitor = visitors_.find(&which);
  if (!orderly) log("the data connection of " + which.peer().name + " ended: " + why);
  end_visitor(visitor);
}

// -- idleness ---

void transfer::implementation::sweep_later() {
  if (std::exchange(sweeping_, true)) return;
  sweep_timer_.expires_after(settings_.idle_limit / 2);
  sweep_timer_.async_wait([self = shared_from_this()](boost_error error) {
    if (!error && !self->closed_) self->sweep();
  });
}

// Closes the links that nobody has used for long.
void transfer::implementation::sweep() {
  sweeping_ = false;
  auto long_ago = clock::now() - settings_.idle_limit;
  std::erase_if(links_, [&](auto& entry) {
    auto& link = entry.second;
    if (!link.stream || !link.stream->idle() || !link.questions.empty() || link.last_used > long_ago)
      return false;
    link_endpoints_.erase(link.stream.get());
    link.stream->close();
    return true;
  });
  if (!links_.empty()) sweep_later();
}

} // namespace weft::detail
