#include "runtime/wire/protocol_codec.hpp"

#include "runtime/wire/event_reader.hpp"
#include "runtime/wire/event_writer.hpp"
#include "runtime/wire/well_formed.hpp"

#include <stdexcept>
#include <variant>

namespace weft::detail {

namespace {

template <class Event, class Variant>
struct position_in;
template <class Event, class... Events>
struct position_in<Event, std::variant<Events...>> {
  static constexpr std::size_t value = [] {
    std::size_t i = 0;
    static_cast<void>(((std::is_same_v<Event, Events> ? false : (++i, true)) && ...));
    return i;
  }();
};

template <class... Events>
constexpr std::uint64_t
    scheduler_events = ((std::uint64_t{1} << position_in<Events, scheduler_event>::value) | ...);

constexpr std::uint64_t from_clients =
    scheduler_events<client_joined, client_left, submit_task, fail_task, scatter_task, release_task,
                     cancel_task, locate_value, take_value, explain_task, describe_holders, describe_cluster,
                     retire_worker>;
constexpr std::uint64_t from_workers =
    scheduler_events<task_finished, task_failed, worker_joined, task_started, task_given_back, task_kept,
                     task_seceded, task_rejoined, replica_added, input_unreachable, worker_reported,
                     retire_worker>;
static_assert(std::variant_size_v<scheduler_event> == 25 &&
                  (from_clients & from_workers) == scheduler_events<retire_worker>,
              "say of a new event who may send it (worker_lost: nobody, it is what a link concludes)");

bool may_send(event_source peer, std::size_t index, const std::vector<scheduler_event>&) {
  auto allowed = peer == event_source::client   ? from_clients
                 : peer == event_source::worker ? from_workers
                                                : 0;
  return index < 64 && (allowed >> index & 1) != 0;
}
bool may_send(event_source peer, std::size_t index, const std::vector<worker_event>&) {
  return peer == event_source::scheduler && index < worker_events_from_scheduler;
}
bool may_send(event_source peer, std::size_t index, const std::vector<holder_event>&) {
  return peer == event_source::scheduler && index < holder_events_from_scheduler;
}

} // namespace

// -- batch_encoder ---

batch_encoder::batch_encoder(function_registry& functions, std::uint64_t inline_value_max)
    : functions_(functions), inline_value_max_(inline_value_max), value_bytes_(inline_value_max) {}

template <class Event>
void batch_encoder::encode_batch(std::span<const Event> events, std::vector<std::byte>& target,
                                 const refuse_function<Event>& refuse) {
  for (std::size_t next = 0; next < events.size();) {
    auto frame_start = target.size();
    frame_builder frame{target, frame_type::batch};
    event_writer writer{*this, frame.payload()};
    for (; next < events.size() && frame.payload_size() < frame_bytes_enough; ++next) {
      auto before = writer.now();
      auto size_before = target.size();
      try {
        writer.write_event(events[next]);
        if (target.size() - size_before > event_bytes_max)
          throw cannot_travel("what is to be told of a task takes " +
                              std::to_string(target.size() - size_before) + " bytes, where at most " +
                              std::to_string(event_bytes_max) +
                              " are sent: it has too many inputs, or too long a key");
      } catch (...) {
        // Bodies are user code. The other events are not to suffer for it.
        body_bytes_.clear();
        value_bytes_.clear();
        target.resize(size_before);
        writer.take_back(before);
        auto why = failure::of_codec(std::current_exception(), "encoding the arguments");
        // Encodable, or the bug is ours: what replaces an event holds no code of users.
        if (const auto instead = refuse(events[next], std::move(why))) writer.write_event(*instead);
      }
    }
    if (frame.payload_size() > 0)
      frame.finish();
    else
      target.resize(frame_start);
  }
}

void batch_encoder::encode(std::span<const scheduler_event> events, std::vector<std::byte>& target,
                           const refuse_function<scheduler_event>& refuse) {
  encode_batch(events, target, refuse);
}
void batch_encoder::encode(std::span<const worker_event> events, std::vector<std::byte>& target,
                           const refuse_function<worker_event>& refuse) {
  encode_batch(events, target, refuse);
}
void batch_encoder::encode(std::span<const holder_event> events, std::vector<std::byte>& target,
                           const refuse_function<holder_event>& refuse) {
  encode_batch(events, target, refuse);
}

// -- batch_decoder ---

batch_decoder::batch_decoder(function_registry& functions, event_source peer)
    : functions_(functions), peer_(peer) {}

template <class Event>
void batch_decoder::decode_batch(byte_span payload, std::vector<Event>& events) {
  buffer_ptr owner = shared_buffer::copy(payload);
  event_reader reader{*this, owner, owner->bytes()};
  const std::size_t before = events.size();
  const auto forget = [&] {
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(before), events.end());
  };
  try {
    while (!reader.at_end()) {
      auto index = reader.read_index();
      if (!may_send(peer_, index, events))
        throw decode_error("event number " + std::to_string(index) + " is not for this peer to send");
      events.push_back(reader.template read_event<Event>(index));
      require_well_formed(events.back());
    }
  } catch (const std::length_error& full) {
    // The registry takes only so many functions; a peer that tells of more is not one to listen to.
    forget();
    throw decode_error(full.what());
  } catch (...) {
    forget();
    throw;
  }
}

void batch_decoder::decode(byte_span payload, std::vector<scheduler_event>& events) {
  decode_batch(payload, events);
}
void batch_decoder::decode(byte_span payload, std::vector<worker_event>& events) {
  decode_batch(payload, events);
}
void batch_decoder::decode(byte_span payload, std::vector<holder_event>& events) {
  decode_batch(payload, events);
}

} // namespace weft::detail
