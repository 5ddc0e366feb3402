// All that reads bytes from another process below the codec of user's types. The first byte chooses the
// reader. What is accepted must also survive being written and read again.

#include "runtime/core/event_text.hpp"
#include "runtime/services/function_registry.hpp"
#include "runtime/wire/data_message.hpp"
#include "runtime/wire/hello.hpp"
#include "runtime/wire/protocol_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <weft/detail/typed_body.hpp>
#include <weft/detail/typed_value.hpp>
#include <weft/errors.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace weft;
using namespace weft::detail;

namespace {

enum reader : std::uint8_t {
  frames,
  acceptor,
  caller,
  data,
  from_client,
  from_worker,
  to_worker,
  to_holder,
  readers
};

void require(bool condition, const char* sentence) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", sentence);
  std::abort();
}

key_bytes a_key() {
  key_bytes key;
  key.fill(std::byte{7});
  return key;
}

// However a stream is cut, the same frames are in it, up to the same error.
void read_frames(byte_span bytes) {
  auto frames_in = [&](std::size_t chunk) {
    std::string found;
    frame_parser parser{frame_limits::data};
    try {
      for (auto rest = bytes; !rest.empty();) {
        auto part = rest.first(std::min(chunk, rest.size()));
        rest = rest.subspan(part.size());
        parser.receive(part, [&](frame_header header, byte_span payload) {
          require(header.length == payload.size(), "a frame is not as long as its header says");
          found += std::string{to_string(header.type)} + std::to_string(header.length) + ",";
        });
      }
    } catch (const decode_error&) {
      found += "error";
    }
    return found;
  };
  auto whole = frames_in(bytes.size() + 1);
  require(frames_in(1) == whole && frames_in(7) == whole, "the frames depend on how the stream is cut");
}

void say_hello(handshake machine, byte_span bytes) {
  while (machine.wanted() > 0 && !bytes.empty()) {
    require(machine.wanted() <= frame_limits::proof, "a stranger makes it hold more than 64 KiB");
    auto part = bytes.first(std::min(machine.wanted(), bytes.size()));
    machine.receive(part);
    bytes = bytes.subspan(part.size());
    machine.take_output();
  }
  // The nonces of fuzz_seeds() differ from these: nothing recorded or invented proves the key.
  require(machine.state() == handshake::state::talking || machine.state() == handshake::state::failed,
          "a proof was forged");
}

void read_data(byte_span bytes) {
  frame_parser parser{frame_limits::data};
  parser.receive(bytes, [](frame_header header, byte_span payload) {
    auto message = read_data_message(header, payload);
    std::vector<std::byte> again;
    append_data_message(again, message);
    frame_parser{frame_limits::data}.receive(again, [&](frame_header second_header, byte_span second) {
      auto same = read_data_message(second_header, second);
      require(same.type == message.type && same.number == message.number && same.worker == message.worker &&
                  same.task == message.task && same.length == message.length && same.blocks == message.blocks,
              "a data message changed on its way");
    });
  });
}

template <class Event>
std::string text_of(const std::vector<Event>& events) {
  std::string text;
  for (const auto& event : events)
    text += event_text(event) + "\n";
  return text;
}

template <class Event>
void read_events(event_source peer, byte_span payload) {
  auto& functions = function_registry::instance();
  std::vector<Event> events, again;
  batch_decoder{functions, peer}.decode(payload, events);
  std::vector<std::byte> bytes;
  std::size_t refused = 0;
  batch_encoder{functions, 1 << 20}.encode(std::span<const Event>{events}, bytes,
                                           [&](const Event&, failure_ptr) -> std::optional<Event> {
                                             ++refused;
                                             return std::nullopt;
                                           });
  batch_decoder second{functions, peer};
  frame_parser{}.receive(bytes, [&](frame_header, byte_span frame) { second.decode(frame, again); });
  require(events.size() == again.size() + refused, "events were lost on their way");
  if (refused == 0) require(text_of(events) == text_of(again), "events changed on their way");
}

// -- seeds ---

template <class Event>
test::fuzz_input batch_of(reader which, std::vector<Event> events) {
  std::vector<std::byte> bytes;
  batch_encoder{function_registry::instance()}.encode(std::span<const Event>{events}, bytes,
                                                      [](const Event&, failure_ptr) -> std::optional<Event> {
                                                        require(false, "a bad seed");
                                                        return std::nullopt;
                                                      });
  test::fuzz_input input{which};
  for (auto byte : byte_span{bytes}.subspan(frame_header::size))
    input.push_back(std::to_integer<std::uint8_t>(byte));
  return input;
}

test::fuzz_input input_of(reader which, byte_span bytes) {
  test::fuzz_input input{which};
  for (auto byte : bytes)
    input.push_back(std::to_integer<std::uint8_t>(byte));
  return input;
}

int inc(int x) {
  return x + 1;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  auto bytes = std::as_bytes(std::span{input, size}).subspan(1);
  try {
    switch (input[0] % readers) {
    case frames:
      read_frames(bytes);
      break;
    case acceptor:
      say_hello(handshake::acceptor(a_key(), {}, nonce_bytes{}), bytes);
      break;
    case caller:
      say_hello(handshake::caller(a_key(), {}, nonce_bytes{}), bytes);
      break;
    case data:
      read_data(bytes);
      break;
    case from_client:
      read_events<scheduler_event>(event_source::client, bytes);
      break;
    case from_worker:
      read_events<scheduler_event>(event_source::worker, bytes);
      break;
    case to_worker:
      read_events<worker_event>(event_source::scheduler, bytes);
      break;
    case to_holder:
      read_events<holder_event>(event_source::scheduler, bytes);
      break;
    default:
      break;
    }
  } catch (const decode_error&) {
    // What most inputs deserve.
  }
  return 0;
}

std::vector<test::fuzz_input> test::fuzz_seeds() {
  std::vector<fuzz_input> seeds;
  std::vector<std::byte> stream;
  append_frame(stream, frame_type::ping, {});
  append_frame(stream, frame_type::goodbye, as_bytes_of("it is late"));
  seeds.push_back(input_of(frames, stream));

  nonce_bytes nonce;
  nonce.fill(std::byte{1});
  auto calling = handshake::caller(a_key(), {.name = "alice", .extra = "4 threads"}, nonce);
  auto accepting = handshake::acceptor(a_key(), {.role = peer_role::scheduler}, nonce);
  std::vector<std::byte> said, answered;
  auto carry = [](handshake& from, handshake& to, std::vector<std::byte>& record) {
    auto bytes = from.take_output();
    record.insert(record.end(), bytes.begin(), bytes.end());
    for (byte_span rest{bytes}; !rest.empty();) {
      auto part = rest.first(std::min(to.wanted(), rest.size()));
      to.receive(part);
      rest = rest.subspan(part.size());
    }
  };
  carry(calling, accepting, said);
  carry(accepting, calling, answered);
  carry(calling, accepting, said);
  accepting.decide(hello_verdict::accept("welcome"));
  carry(accepting, calling, answered);
  seeds.push_back(input_of(acceptor, said));
  seeds.push_back(input_of(caller, answered));

  for (auto type : {frame_type::request_value, frame_type::value, frame_type::value_moved,
                    frame_type::value_refused, frame_type::put_value}) {
    data_message message;
    message.type = type;
    message.number = 300;
    message.worker = {3};
    message.task = {1234567};
    message.length = 1 << 20;
    message.blocks = {{16, 1 << 18}, {1 << 19, 1 << 19, true}};
    message.type_name = "std::vector<double>";
    message.failure = failure::make(failure_kind::cannot_travel, "no codec");
    std::vector<std::byte> bytes;
    append_data_message(bytes, message);
    seeds.push_back(input_of(data, bytes));
  }

  auto body = make_body(inc, 1);
  submit_task submitted;
  submitted.task = {1};
  submitted.function = body->function();
  submitted.body = body;
  submitted.inputs = {task_id{7}, task_id{8}, task_id{9}};
  submitted.demands = std::make_shared<task_demands>(task_demands{"key", {"alice", "bob"}, true});
  seeds.push_back(
      batch_of<scheduler_event>(from_client, {submitted, submitted, release_task{{1}},
                                              cancel_task{{2}, "client closed"}, client_left{{3}}}));
  auto attributes = std::make_shared<worker_attributes>();
  attributes->name = "alice";
  attributes->modules = {function_registry::instance().module_of(body->function())};
  seeds.push_back(batch_of<scheduler_event>(
      from_worker, {worker_joined{{1}, attributes}, task_finished{{1}, {5}, {1}, 1000, 8, make_value<int>(7)},
                    task_failed{{1}, {6}, {2}, -5, failure::make(failure_kind::worker_killed, "signal 9")}}));
  compute_task compute;
  compute.task = {1};
  compute.function = body->function();
  compute.body = body;
  compute.inputs = {input_location{{2}, {1}}, input_location{{3}, {2}}};
  seeds.push_back(batch_of<worker_event>(to_worker, {compute, give_back_task{{1}, {1}, true},
                                                     peer_introduced{{2}, "bob", "127.0.0.1:5"}, leave{},
                                                     task_named{{1}, "chosen"}}));
  seeds.push_back(batch_of<holder_event>(
      to_holder,
      {result_ready{{1}, {1}, {1}, 8, make_value<std::string>("seven")},
       cluster_described{1, {worker_description{{1}, "alice", "a:1", 4, 5, 6, 7, 8}}, 9},
       worker_introduced{{1}, attributes}, result_failed{{2}, failure::make(failure_kind::cancelled, "")}}));
  return seeds;
}
