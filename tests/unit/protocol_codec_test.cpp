#include "runtime/core/event_text.hpp"
#include "runtime/services/function_registry.hpp"
#include "runtime/wire/protocol_codec.hpp"
#include "runtime/wire/well_formed.hpp"

#include <weft/detail/typed_body.hpp>
#include <weft/detail/typed_value.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>

using namespace weft;
using namespace weft::detail;

namespace {

int inc(int x) {
  return x + 1;
}
int twice(int x) {
  return 2 * x;
}

function_registry& registry() {
  return function_registry::instance();
}

struct stays_here {
  void* pointer = nullptr;
};

// Fills every member of an event with something, zero and extremes among it.
class filler {
 public:
  explicit filler(unsigned seed) : random_(seed) {}

  template <class T>
  requires requires { T::event_name(); }
  void fill(T& event) {
    T::visit_members(event, [this](const char*, auto& member) { fill(member); });
    if constexpr (requires { event.body; }) event.function = event.body->function();
  }
  template <std::integral T>
  void fill(T& number) {
    switch (random_() % 4) {
    case 0:
      number = std::numeric_limits<T>::max();
      break;
    case 1:
      number = std::numeric_limits<T>::min();
      break;
    default:
      number = static_cast<T>(random_() % 1000);
    }
  }
  template <class Tag, class Representation>
  void fill(strong_id<Tag, Representation>& id) {
    fill(id.value);
  }
  void fill(task_id& id) { fill(id.value); }
  void fill(function_id& id) { id = make_body(random_() % 2 ? inc : twice, 1)->function(); }
  void fill(module_id& id) { id = registry().module_of(make_body(inc, 1)->function()); }
  void fill(std::string& text) { text = std::string(random_() % 5, static_cast<char>('a' + random_() % 26)); }
  template <class T>
  void fill(std::vector<T>& list) {
    for (auto count = random_() % 4; count > 0; --count)
      fill(list.emplace_back());
  }
  template <class T, std::uint32_t Capacity>
  void fill(inline_list<T, Capacity>& list) {
    for (auto count = random_() % 5; count > 0; --count) {
      T element;
      fill(element);
      list.push_back(element);
    }
  }
  template <class T>
  void fill(std::shared_ptr<const T>& pointer) {
    if (random_() % 4 == 0) return;
    auto object = std::make_shared<T>();
    fill(*object);
    pointer = object;
  }
  void fill(failure_ptr& what) {
    if (random_() % 4 != 0) what = failure::make(failure_kind::lost_data, "gone");
  }
  void fill(value_ptr&) {} // values have tests of their own
  void fill(body_ptr& body) { body = make_body(random_() % 2 ? inc : twice, 1); }

 private:
  std::mt19937 random_;
};

template <class Event, std::size_t... Indices>
Event make_event(std::size_t index, std::index_sequence<Indices...>) {
  Event event;
  ((Indices == index ? void(event.template emplace<Indices>()) : void()), ...);
  return event;
}

template <class Event>
bool is_well_formed(const Event& event) {
  try {
    require_well_formed(event);
    return true;
  } catch (const decode_error&) {
    return false;
  }
}

template <class Event>
Event filled_event(std::size_t index, unsigned seed) {
  for (filler fills{seed};;) {
    auto event = make_event<Event>(index, std::make_index_sequence<std::variant_size_v<Event>>{});
    std::visit([&](auto& its) { fills.fill(its); }, event);
    if (is_well_formed(event)) return event;
  }
}

template <class Event>
std::vector<std::byte> encode(batch_encoder& encoder, std::vector<Event> events) {
  std::vector<std::byte> bytes;
  encoder.encode(std::span<const Event>{events}, bytes,
                 [](const Event&, failure_ptr why) -> std::optional<Event> {
                   ADD_FAILURE() << why->messages.at(0);
                   return std::nullopt;
                 });
  return bytes;
}

template <class Event>
std::vector<Event> decode(batch_decoder& decoder, byte_span bytes) {
  std::vector<Event> events;
  frame_parser parser;
  parser.receive(bytes, [&](frame_header header, byte_span payload) {
    EXPECT_EQ(header.type, frame_type::batch);
    decoder.decode(payload, events);
  });
  EXPECT_EQ(parser.buffered(), 0u);
  return events;
}

// Both ends of a connection.
template <class Event>
struct connection_of {
  explicit connection_of(event_source peer) : decoder(registry(), peer) {}
  std::vector<Event> pass(std::vector<Event> events) {
    return decode<Event>(decoder, encode(encoder, std::move(events)));
  }

  batch_encoder encoder{registry()};
  batch_decoder decoder;
};

template <class Event>
void expect_all_come_back(event_source peer, const std::vector<std::size_t>& indices) {
  connection_of<Event> connection{peer};
  std::vector<Event> events;
  for (unsigned seed = 0; seed < 50; ++seed)
    for (auto index : indices)
      events.push_back(filled_event<Event>(index, seed));
  auto back = connection.pass(events);
  ASSERT_EQ(back.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i)
    EXPECT_EQ(event_text(back[i]), event_text(events[i]));
}

std::vector<std::size_t> first(std::size_t count) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0u);
  return indices;
}

submit_task submission(body_ptr body) {
  submit_task event;
  event.task = {77};
  event.function = body->function();
  event.body = std::move(body);
  return event;
}

} // namespace

TEST(protocol_codec, every_event_that_a_worker_may_hear_comes_back_as_it_was) {
  expect_all_come_back<worker_event>(event_source::scheduler, first(worker_events_from_scheduler));
}

TEST(protocol_codec, every_event_that_a_holder_may_hear_comes_back_as_it_was) {
  expect_all_come_back<holder_event>(event_source::scheduler, first(holder_events_from_scheduler));
}

TEST(protocol_codec,
     every_event_for_the_scheduler_comes_from_clients_or_workers_but_worker_lost_and_to_retire_from_both) {
  std::vector<std::size_t> clients, workers;
  for (auto index : first(std::variant_size_v<scheduler_event>)) {
    auto event = filled_event<scheduler_event>(index, 1);
    auto accepts = [&](event_source peer) {
      connection_of<scheduler_event> connection{peer};
      auto bytes = encode(connection.encoder, std::vector<scheduler_event>{event});
      try {
        return decode<scheduler_event>(connection.decoder, bytes).size() == 1;
      } catch (const decode_error&) {
        return false;
      }
    };
    if (accepts(event_source::client)) clients.push_back(index);
    if (accepts(event_source::worker)) workers.push_back(index);
    EXPECT_FALSE(accepts(event_source::scheduler));
  }
  std::vector<std::size_t> both, either;
  std::ranges::set_intersection(clients, workers, std::back_inserter(both));
  std::ranges::set_union(clients, workers, std::back_inserter(either));
  EXPECT_EQ(both, std::vector{scheduler_event{retire_worker{}}.index()});
  EXPECT_EQ(either.size(), std::variant_size_v<scheduler_event> - 1);
  EXPECT_EQ(scheduler_event{submit_task{}}.index(), clients.at(0));
  EXPECT_EQ(scheduler_event{task_finished{}}.index(), workers.at(0));
  expect_all_come_back<scheduler_event>(event_source::client, clients);
  expect_all_come_back<scheduler_event>(event_source::worker, workers);
}

TEST(protocol_codec, what_only_this_process_says_to_itself_is_not_accepted_from_a_peer) {
  connection_of<worker_event> connection{event_source::scheduler};
  auto bytes = encode(connection.encoder, std::vector<worker_event>{run_finished{}});
  EXPECT_THROW(decode<worker_event>(connection.decoder, bytes), decode_error);
}

// What every receiver counts on; see well_formed.hpp.
TEST(protocol_codec, an_event_without_what_it_is_about_is_not_accepted) {
  const auto refused = [](event_source peer, auto event) {
    using whole = decltype(event);
    connection_of<whole> connection{peer};
    const auto bytes = encode(connection.encoder, std::vector<whole>{event});
    EXPECT_THROW(decode<whole>(connection.decoder, bytes), decode_error) << event_text(event);
  };
  const auto body = make_body(inc, 1);
  auto twice_the_same = submission(body);
  twice_the_same.inputs = {task_id{5}, task_id{6}, task_id{5}};
  auto its_own_input = submission(body);
  its_own_input.inputs = {its_own_input.task};
  auto nothing_to_run = submission(body);
  nothing_to_run.body = nullptr;
  for (const auto& event : {twice_the_same, its_own_input, nothing_to_run})
    refused(event_source::client, scheduler_event{event});
  refused(event_source::worker, scheduler_event{worker_joined{{1}, nullptr}});
  refused(event_source::worker, scheduler_event{task_failed{{1}, {2}, {1}, 0, nullptr}});
  compute_task compute;
  compute.task = {5};
  refused(event_source::scheduler, worker_event{compute});
  compute.function = body->function();
  compute.body = body;
  compute.inputs = {input_location{{6}, {1}}, input_location{{6}, {2}}};
  refused(event_source::scheduler, worker_event{compute});
  refused(event_source::scheduler, holder_event{result_ready{{1}, {1}, {}, 8, nullptr}});
  refused(event_source::scheduler, holder_event{result_failed{{1}, nullptr}});
  refused(event_source::scheduler, holder_event{worker_introduced{{1}, nullptr}});
}

TEST(protocol_codec, a_body_arrives_and_runs) {
  connection_of<scheduler_event> connection{event_source::client};
  auto events = connection.pass(
      {submission(make_body(inc, 41)), submission(make_body(twice, 4)),
       submission(make_body([](const std::string& s) { return s + "!"; }, std::string{"ha"}))});
  auto run = [&](std::size_t i) { return std::get<submit_task>(events.at(i)).body->run({}); };
  EXPECT_EQ(value_as<int>(*run(0)), 42);
  EXPECT_EQ(value_as<int>(*run(1)), 8);
  EXPECT_EQ(value_as<std::string>(*run(2)), "ha!");
}

TEST(protocol_codec, a_function_is_told_once_and_is_a_small_number_from_then_on) {
  connection_of<scheduler_event> connection{event_source::client};
  auto first_time = encode(connection.encoder, std::vector<scheduler_event>{submission(make_body(inc, 1))});
  auto second_time = encode(connection.encoder, std::vector<scheduler_event>{submission(make_body(inc, 2))});
  EXPECT_LT(second_time.size() + 50, first_time.size());
  EXPECT_LT(second_time.size(), 30u);
  decode<scheduler_event>(connection.decoder, first_time);
  auto events = decode<scheduler_event>(connection.decoder, second_time);
  EXPECT_EQ(std::get<submit_task>(events.at(0)).function, make_body(inc, 1)->function());
}

TEST(protocol_codec, a_function_that_was_never_told_of_is_refused) {
  connection_of<scheduler_event> teller{event_source::client}, stranger{event_source::client};
  encode(teller.encoder,
         std::vector<scheduler_event>{submission(make_body(inc, 1)), submission(make_body(twice, 1))});
  auto later = encode(teller.encoder, std::vector<scheduler_event>{submission(make_body(twice, 2))});
  EXPECT_THROW(decode<scheduler_event>(stranger.decoder, later), decode_error);
}

TEST(protocol_codec, an_event_that_cannot_travel_is_refused_replaced_in_its_place_and_the_others_arrive) {
  connection_of<scheduler_event> connection{event_source::client};
  std::vector<scheduler_event> events{
      submission(make_body(inc, 1)), submission(make_body([](const stays_here&) { return 1; }, stays_here{})),
      submission(make_body(twice, 2))};
  std::vector<std::byte> bytes;
  std::vector<std::string> refused;
  connection.encoder.encode(std::span<const scheduler_event>{events}, bytes,
                            [&](const scheduler_event&, failure_ptr why) -> std::optional<scheduler_event> {
                              refused.push_back(why->messages.at(0));
                              return fail_task{task_id{7}, std::move(why)};
                            });
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_NE(refused[0].find("stays_here"), std::string::npos) << refused[0];
  auto arrived = decode<scheduler_event>(connection.decoder, bytes);
  ASSERT_EQ(arrived.size(), 3u);
  EXPECT_EQ(value_as<int>(*std::get<submit_task>(arrived[0]).body->run({})), 2);
  EXPECT_EQ(std::get<fail_task>(arrived[1]).failure->messages, refused);
  EXPECT_EQ(value_as<int>(*std::get<submit_task>(arrived[2]).body->run({})), 4);
}

TEST(protocol_codec, arguments_that_are_too_large_are_refused_with_advice) {
  connection_of<scheduler_event> connection{event_source::client};
  std::vector<scheduler_event> events{
      submission(make_body([](const std::string& s) { return s.size(); }, std::string(17 << 20, 'x')))};
  std::vector<std::byte> bytes;
  std::string told;
  connection.encoder.encode(std::span<const scheduler_event>{events}, bytes,
                            [&](const scheduler_event&, failure_ptr why) -> std::optional<scheduler_event> {
                              told = why->messages.at(0);
                              return std::nullopt;
                            });
  EXPECT_NE(told.find("scatter the large ones"), std::string::npos) << told;
  EXPECT_TRUE(bytes.empty());
}

TEST(protocol_codec, small_values_go_along_and_large_ones_and_those_that_cannot_travel_stay) {
  connection_of<holder_event> connection{event_source::scheduler};
  auto report = [](value_ptr value) { return result_ready{{5}, {1}, {2}, 10, std::move(value)}; };
  auto events = connection.pass(
      {report(make_value<std::string>("small")), report(make_value<std::string>(1008, 'x')),
       report(make_value<std::string>(1009, 'x')), report(make_value<std::string>(1'000'000, 'x')),
       report(make_value<stays_here>()), report(nullptr)});
  auto value = [&](std::size_t i) { return std::get<result_ready>(events.at(i)).value; };
  EXPECT_EQ(value_as<std::string>(*value(0)), "small");
  EXPECT_EQ(value_as<std::string>(*value(1)), std::string(1008, 'x'));
  for (std::size_t i = 2; i < 6; ++i)
    EXPECT_EQ(value(i), nullptr) << i;
  EXPECT_EQ(std::get<result_ready>(events.at(3)).nbytes, 10u);
}

TEST(protocol_codec, a_failure_travels_whole_but_its_exception) {
  auto original =
      failure::from_exception(std::make_exception_ptr(std::out_of_range("no such row")), "load-1", "alice");
  connection_of<holder_event> connection{event_source::scheduler};
  auto events = connection.pass({result_failed{{5}, original}});
  auto& arrived = *std::get<result_failed>(events.at(0)).failure;
  EXPECT_EQ(arrived.type, "std::out_of_range");
  EXPECT_EQ(arrived.messages, original->messages);
  EXPECT_EQ(arrived.key, "load-1");
  EXPECT_EQ(arrived.worker, "alice");
  EXPECT_EQ(arrived.original, nullptr);
}

TEST(protocol_codec, a_flood_becomes_several_frames_in_order) {
  std::vector<scheduler_event> events;
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    auto event = submission(make_body(inc, static_cast<int>(i)));
    event.task = {i};
    event.inputs.push_back({i - 1});
    events.push_back(std::move(event));
  }
  connection_of<scheduler_event> connection{event_source::client};
  auto bytes = encode(connection.encoder, events);
  EXPECT_LT(bytes.size(), events.size() * 20);
  std::size_t frames = 0;
  frame_parser{}.receive(bytes, [&](frame_header header, byte_span) {
    ++frames;
    EXPECT_LT(header.length, batch_encoder::frame_bytes_enough + 100);
  });
  EXPECT_GE(frames, bytes.size() / batch_encoder::frame_bytes_enough);
  auto back = decode<scheduler_event>(connection.decoder, bytes);
  ASSERT_EQ(back.size(), events.size());
  for (std::uint64_t i = 1; i <= events.size(); ++i) {
    auto& event = std::get<submit_task>(back[i - 1]);
    ASSERT_EQ(event.task.value, i);
    ASSERT_EQ(event.inputs[0].value, i - 1);
  }
}

TEST(protocol_codec, every_truncation_and_every_changed_byte_is_an_error_or_another_event_and_never_worse) {
  std::vector<holder_event> events;
  for (auto index : first(holder_events_from_scheduler))
    events.push_back(filled_event<holder_event>(index, 3));
  connection_of<holder_event> connection{event_source::scheduler};
  auto frame = encode(connection.encoder, events);
  auto payload = byte_span{frame}.subspan(frame_header::size);
  auto decodes = [](byte_span bytes) {
    batch_decoder decoder{registry(), event_source::scheduler};
    std::vector<holder_event> into;
    try {
      decoder.decode(bytes, into);
    } catch (const decode_error&) {
      return false;
    }
    return true;
  };
  std::size_t errors = 0;
  for (std::size_t size = 0; size < payload.size(); ++size)
    errors += !decodes(payload.first(size));
  EXPECT_GE(errors, payload.size() - events.size());
  for (std::size_t i = 0; i < payload.size(); ++i) {
    std::vector<std::byte> changed{payload.begin(), payload.end()};
    changed[i] ^= std::byte{0xff};
    decodes(changed);
  }
  EXPECT_TRUE(decodes(payload));
}
