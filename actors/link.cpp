#include "actors/link.hpp"

#include "actors/log.hpp"
#include "actors/messages.hpp"
#include "runtime/core/instant.hpp"
#include "runtime/services/function_registry.hpp"
#include "runtime/services/thread_role.hpp"

#include <weft/errors.hpp>

#include <caf/actor_system.hpp>
#include <caf/io/broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>

#include <algorithm>
#include <vector>

namespace weft::detail {

namespace {

// While so much is unsent, nothing more is taken out of the box.
constexpr std::size_t unsent_enough = 1 << 20;
// What is encoded between two looks at how much that makes.
constexpr std::size_t slice_events = 1024;
constexpr std::size_t slice_bytes = 256 << 10;
// Then others on this thread get their turn.
constexpr int slices_per_turn = 4;

constexpr std::size_t read_at_most = 128 << 10;

// What an event's arguments make of it, roughly.
template <class Event>
std::size_t weight_of(const Event& event) {
  return std::visit(
      []<class Its>(const Its& its) -> std::size_t {
        if constexpr (requires { its.body; })
          return its.body ? its.body->nbytes() : 0;
        else
          return 0;
      },
      event);
}

// The broker's state: all of it is touched by the thread that watches sockets only.
template <class Out, class In>
class link_state {
 public:
  link_state(caf::io::broker* self, std::shared_ptr<link_settings<Out, In>> how,
             std::shared_ptr<outbox<Out>> box)
      : self_(self), how_(std::move(how)), box_(std::move(box)), encoder_(function_registry::instance()),
        decoder_(function_registry::instance(), how_->peer), last_heard_(instant::now()),
        last_sent_(last_heard_) {}

  void on_start(const port<In>& to) {
    if (over_) return;
    to_ = to;
    handle_ = self_->add_scribe(how_->socket.socket.release());
    self_->configure_read(handle_, caf::io::receive_policy::at_most(read_at_most));
    self_->ack_writes(handle_, true);
    pump();
  }

  void on_doorbell() { pump(); }

  void on_data(const caf::io::new_data_msg& message) {
    last_heard_ = instant::now();
    if (over_) return;
    const byte_span bytes{reinterpret_cast<const std::byte*>(message.buf.data()), message.buf.size()};
    parser_.receive(bytes,
                    [this](const frame_header& header, byte_span payload) { on_frame(header, payload); });
    pass_on();
    if (goodbye_) end(*goodbye_, true);
  }

  void on_transferred(std::uint64_t written) {
    unsent_ -= std::min<std::uint64_t>(unsent_, written);
    if (unsent_ < unsent_enough) pump();
    if (unsent_ == 0 && next_ == events_.size()) {
      for (auto& promise : std::exchange(flushing_, {}))
        promise->set_value();
      if (said_goodbye_) end(*closing_, true);
    }
  }

  void on_flush(const flush_request& request) {
    pump();
    if (over_ || (unsent_ == 0 && next_ == events_.size()))
      request.done->set_value();
    else
      flushing_.push_back(request.done);
  }

  void on_close(const close_request& request) {
    if (over_ || closing_) return;
    closing_ = request.why;
    if (!to_.box) return end(request.why, true); // it never began
    pump();
  }

  void on_tick() {
    if (over_) return;
    const instant now = instant::now();
    if (now - last_heard_ > how_->silence_limit)
      return end("nothing was heard of it for " +
                     std::to_string((now - last_heard_) / std::chrono::seconds{1}) + " s",
                 false);
    if (now - last_sent_ >= how_->ping_interval) send_frame(frame_type::ping, {});
  }

  void end(const std::string& why, bool on_purpose) {
    if (over_) return;
    outlive_this_turn();
    over_ = true;
    for (auto& promise : std::exchange(flushing_, {}))
      promise->set_value();
    if (to_.box) pass_on(); // what it said before its end comes before what its end means
    how_->on_closed(why, on_purpose, heard_);
    if (to_.box) {
      pass_on();
      self_->close(handle_);
    }
    self_->quit();
  }

  const std::string& peer_name() const { return how_->peer_name; }

 private:
  // -- out
  // -------------------------------------------------------------------------------------------------------

  void pump() {
    if (!to_.box || over_ || said_goodbye_) return;
    for (int slices = 0; unsent_ < unsent_enough; ++slices) {
      if (next_ == events_.size()) {
        next_ = 0;
        box_->take(events_);
        if (events_.empty()) {
          if (closing_) {
            send_frame(frame_type::goodbye, as_bytes_of(*closing_));
            said_goodbye_ = true;
          }
          break;
        }
      }
      if (slices == slices_per_turn) return self_->send(self_, again_atom::value);
      std::size_t until = next_;
      for (std::size_t weight = 0;
           until < events_.size() && until - next_ < slice_events && weight < slice_bytes;)
        weight += weight_of(events_[until++]);
      bytes_.clear();
      encoder_.encode(std::span<const Out>(events_).subspan(next_, until - next_), bytes_,
                      [this](const Out& event, failure_ptr why) -> std::optional<Out> {
                        if (!how_->refused) why->raise(); // better no connection than one that loses events
                        return how_->refused(event, std::move(why), heard_);
                      });
      next_ = until;
      write(bytes_);
    }
    pass_on(); // what could not be sent
  }

  void write(byte_span bytes) {
    if (bytes.empty()) return;
    const auto* first = reinterpret_cast<const char*>(bytes.data());
    auto& buffer = self_->wr_buf(handle_);
    buffer.insert(buffer.end(), first, first + bytes.size());
    unsent_ += bytes.size();
    last_sent_ = instant::now();
    self_->flush(handle_);
  }

  void send_frame(frame_type type, byte_span payload) {
    if (over_ || said_goodbye_ || !to_.box) return;
    bytes_.clear();
    append_frame(bytes_, type, payload);
    write(bytes_);
  }

  // -- in
  // --------------------------------------------------------------------------------------------------------

  void on_frame(const frame_header& header, byte_span payload) {
    switch (header.type) {
    case frame_type::batch: {
      const std::size_t before = heard_.size();
      decoder_.decode(payload, heard_);
      if (!how_->may_say) return;
      for (std::size_t i = before; i < heard_.size(); ++i)
        if (!how_->may_say(heard_[i])) {
          heard_.resize(before);
          throw decode_error("it speaks in somebody else's name");
        }
      return;
    }
    case frame_type::ping:
      return send_frame(frame_type::pong, {});
    case frame_type::pong:
    case frame_type::credit:
      return;
    case frame_type::goodbye:
      goodbye_ = std::string(reinterpret_cast<const char*>(payload.data()), payload.size());
      return;
    default:
      throw decode_error("a frame of type " + std::string(to_string(header.type)) +
                         " has no place on a control connection");
    }
  }

  void pass_on() {
    if (!heard_.empty()) to_.send(heard_);
  }

  // A connection holds its actor until it is closed. If everybody else has let go, closing it would destroy
  // the actor, and this state, under the very handler that closes: CAF says of a write that it is done
  // without holding the actor meanwhile.
  void outlive_this_turn() {
    self_->backend().post([actor = caf::actor_cast<caf::strong_actor_ptr>(self_)] {});
  }

  caf::io::broker* const self_;
  const std::shared_ptr<link_settings<Out, In>> how_;
  const std::shared_ptr<outbox<Out>> box_;
  batch_encoder encoder_;
  batch_decoder decoder_;
  frame_parser parser_;
  std::vector<Out> events_; // taken out of the box; [next_, …) is not encoded yet
  std::size_t next_ = 0;
  std::vector<std::byte> bytes_;
  std::vector<In> heard_;
  std::uint64_t unsent_ = 0;
  std::vector<std::shared_ptr<std::promise<void>>> flushing_;
  instant last_heard_;
  instant last_sent_;
  std::optional<std::string> goodbye_; // the peer's
  std::optional<std::string> closing_; // ours
  bool said_goodbye_ = false;
  bool over_ = false;
  port<In> to_; // nobody before the start
  caf::io::connection_handle handle_;
};

// A handler that throws ends its link and nothing else.
template <class State, class Turn>
void guarded(State& state, Turn&& turn) {
  this_thread_role().must_not_wait = "on a thread that runs actors";
  std::string trouble;
  try {
    return turn();
  } catch (const std::exception& thrown) {
    trouble = thrown.what();
  } catch (...) {
    trouble = "something that is no std::exception was thrown";
  }
  log_error("the connection to " + state.peer_name() + " is closed: " + trouble);
  try {
    state.end(trouble, false);
  } catch (const std::exception& thrown) {
    log_error(std::string("and could not be reported as lost: ") + thrown.what());
  }
}

template <class Out, class In>
caf::behavior link_behavior(caf::io::broker* self, std::shared_ptr<link_settings<Out, In>> how,
                            std::shared_ptr<outbox<Out>> box) {
  auto state = std::make_shared<link_state<Out, In>>(self, std::move(how), std::move(box));
  return {
      [state](const start_request<In>& request) { guarded(*state, [&] { state->on_start(request.to); }); },
      [state](const doorbell<Out>&) { guarded(*state, [&] { state->on_doorbell(); }); },
      [state](again_atom) { guarded(*state, [&] { state->on_doorbell(); }); },
      [state](const caf::io::new_data_msg& data) { guarded(*state, [&] { state->on_data(data); }); },
      [state](const caf::io::data_transferred_msg& message) {
        guarded(*state, [&] { state->on_transferred(message.written); });
      },
      [state](const caf::io::connection_closed_msg&) {
        guarded(*state, [&] { state->end("the connection closed", false); });
      },
      [state](const flush_request& request) { guarded(*state, [&] { state->on_flush(request); }); },
      [state](const close_request& request) { guarded(*state, [&] { state->on_close(request); }); },
      [state](tick_atom) { guarded(*state, [&] { state->on_tick(); }); },
      [state](end_atom) { guarded(*state, [&] { state->end("given up", true); }); },
  };
}

class link_bell final : public bell {
 public:
  link_bell(caf::actor target, caf::message message)
      : target_(std::move(target)), message_(std::move(message)) {}
  void ring() override {
    caf::actor_cast<caf::abstract_actor*>(target_)->enqueue(nullptr, caf::make_message_id(), message_,
                                                            nullptr);
  }

 private:
  const caf::actor target_;
  const caf::message message_;
};

template <class Out, class In>
class broker_link final : public link<Out, In> {
 public:
  broker_link(caf::actor actor, std::shared_ptr<outbox<Out>> box, timer_thread& timers,
              std::chrono::milliseconds interval)
      : actor_(std::move(actor)), to_peer_{box, std::make_shared<link_bell>(
                                                    actor_, caf::make_message(doorbell<Out>{box}))} {
    auto promise = std::make_shared<std::promise<void>>();
    ended_ = promise->get_future().share();
    actor_->attach_functor([promise](const caf::error&) { promise->set_value(); });
    timer_ = timers.add(
        [actor = actor_, interval](instant now) -> std::optional<instant> {
          caf::anon_send(actor, tick_atom::value);
          return now + interval;
        },
        instant::now() + interval);
  }

  void start(port<In> to) override { caf::anon_send(actor_, start_request<In>{std::move(to)}); }
  const port<Out>& to_peer() const noexcept override { return to_peer_; }

  void flush() override {
    auto done = std::make_shared<std::promise<void>>();
    auto flushed = done->get_future();
    caf::anon_send(actor_, flush_request{std::move(done)});
    flushed.wait(); // an actor that has ended drops the request, and the promise with it
  }

  void begin_close(const std::string& why) override { caf::anon_send(actor_, close_request{why}); }

  void close(const std::string& why, std::chrono::milliseconds limit) override {
    begin_close(why);
    if (ended_.wait_for(limit) != std::future_status::ready) {
      caf::anon_send(actor_, end_atom::value);
      ended_.wait();
    }
    timer_.end();
  }

 private:
  const caf::actor actor_;
  const port<Out> to_peer_;
  std::shared_future<void> ended_;
  timer_thread::timer timer_;
};

} // namespace

template <class Out, class In>
std::shared_ptr<link<Out, In>> make_link(process_actors& actors, link_settings<Out, In> how) {
  auto box = std::make_shared<outbox<Out>>();
  const auto interval = how.ping_interval;
  const leave_actor_system scope;
  auto shared = std::make_shared<link_settings<Out, In>>(std::move(how));
  auto actor =
      actors.system().middleman().spawn_broker([shared = std::move(shared), box](caf::io::broker* self) {
        return link_behavior<Out, In>(self, shared, box);
      });
  return std::make_shared<broker_link<Out, In>>(std::move(actor), std::move(box), actors.timers(), interval);
}

template std::shared_ptr<link<worker_event, scheduler_event>>
make_link(process_actors&, link_settings<worker_event, scheduler_event>);
template std::shared_ptr<link<holder_event, scheduler_event>>
make_link(process_actors&, link_settings<holder_event, scheduler_event>);
template std::shared_ptr<link<scheduler_event, worker_event>>
make_link(process_actors&, link_settings<scheduler_event, worker_event>);
template std::shared_ptr<link<scheduler_event, holder_event>>
make_link(process_actors&, link_settings<scheduler_event, holder_event>);

} // namespace weft::detail
