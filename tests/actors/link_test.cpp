// Links over socket pairs: at the other end sits a second link, or the test itself with a plain socket.

#include "actors/link.hpp"
#include "runtime/services/function_registry.hpp"
#include "tests/support/mailbox.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace weft;
using namespace weft::detail;
using namespace std::chrono_literals;
using test::mailbox;

namespace {

// The scheduler's end of a client's link, and the client's.
using scheduler_end = detail::link<holder_event, scheduler_event>;
using client_end = detail::link<scheduler_event, holder_event>;

// Passes on what comes to the test's thread.
template <class Event>
struct hearing {
  struct hearing_bell final : bell {
    void ring() override {
      std::vector<Event> events;
      box->take(events);
      for (auto& event : events)
        heard.push(std::move(event));
    }
    std::shared_ptr<outbox<Event>> box = std::make_shared<outbox<Event>>();
    mailbox<Event> heard;
  };
  std::shared_ptr<hearing_bell> bell = std::make_shared<hearing_bell>();
  port<Event> to() const { return {bell->box, bell}; }
  Event pop() { return bell->heard.pop(); }
};

struct ending {
  std::string how;
  bool on_purpose;
};

class link_test : public testing::Test {
 protected:
  link_test() {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ours = unique_descriptor{pair[0]};
    theirs = unique_descriptor{pair[1]};
  }
  ~link_test() override {
    if (scheduler) scheduler->close("the test is over");
    if (client) client->close("the test is over");
  }

  static connection over(unique_descriptor socket) {
    set_nonblocking(socket.get());
    connection result;
    result.socket = std::move(socket);
    return result;
  }

  void start_scheduler_end(std::chrono::milliseconds silence_limit = 15s,
                           std::function<bool(const scheduler_event&)> may_say = {}) {
    link_settings<holder_event, scheduler_event> how;
    how.socket = over(std::move(ours));
    how.peer = event_source::client;
    how.peer_name = "client test";
    how.may_say = std::move(may_say);
    how.silence_limit = silence_limit;
    how.ping_interval = 10ms;
    how.on_closed = [this](const std::string& why, bool on_purpose, std::vector<scheduler_event>&) {
      scheduler_ended.push({why, on_purpose});
    };
    scheduler = make_link(actors, std::move(how));
    scheduler->start(at_scheduler.to());
  }

  void start_client_end() {
    link_settings<scheduler_event, holder_event> how;
    how.socket = over(std::move(theirs));
    how.peer = event_source::scheduler;
    how.peer_name = "the scheduler";
    how.on_closed = [this](const std::string& why, bool on_purpose, std::vector<holder_event>& hear) {
      client_ended.push({why, on_purpose});
      hear.emplace_back(scheduler_lost{why});
    };
    client = make_link(actors, std::move(how));
    client->start(at_client.to());
  }

  void client_releases(std::uint64_t number) {
    std::vector<scheduler_event> events;
    events.emplace_back(release_task{task_id{number}});
    client->to_peer().send(events);
  }

  process_actors actors;
  unique_descriptor ours, theirs;
  hearing<scheduler_event> at_scheduler;
  hearing<holder_event> at_client;
  mailbox<ending> scheduler_ended, client_ended;
  std::shared_ptr<scheduler_end> scheduler;
  std::shared_ptr<client_end> client;
};

TEST_F(link_test, events_arrive_in_order_in_both_directions) {
  start_scheduler_end();
  start_client_end();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    client_releases(i);
    std::vector<holder_event> events;
    events.emplace_back(task_explained{static_cast<std::uint32_t>(i), "because"});
    scheduler->to_peer().send(events);
  }
  for (std::uint64_t i = 0; i < 1000; ++i) {
    auto released = at_scheduler.pop();
    ASSERT_EQ(std::get<release_task>(released).task, task_id{i});
    auto explained = at_client.pop();
    ASSERT_EQ(std::get<task_explained>(explained).question, i);
  }
}

TEST_F(link_test, what_was_said_before_the_start_is_sent_too) {
  start_scheduler_end();
  start_client_end();
  client_releases(1);
  EXPECT_EQ(std::get<release_task>(at_scheduler.pop()).task, task_id{1});
}

TEST_F(link_test, a_connection_that_breaks_ends_the_link_and_is_the_last_thing_heard) {
  const unique_descriptor knife{::fcntl(theirs.get(), F_DUPFD_CLOEXEC, 0)};
  start_scheduler_end();
  start_client_end();
  client_releases(1);
  at_scheduler.pop();
  ::shutdown(knife.get(), SHUT_RDWR);
  EXPECT_FALSE(scheduler_ended.pop().on_purpose);
  EXPECT_EQ(client_ended.pop().how, "the connection closed");
  EXPECT_EQ(std::get<scheduler_lost>(at_client.pop()).how, "the connection closed");
}

TEST_F(link_test, closing_sends_what_there_is_and_the_reason) {
  start_scheduler_end();
  start_client_end();
  for (std::uint64_t i = 0; i < 100; ++i)
    client_releases(i);
  client->close("enough");
  for (std::uint64_t i = 0; i < 100; ++i)
    EXPECT_EQ(std::get<release_task>(at_scheduler.pop()).task, task_id{i});
  const ending end = scheduler_ended.pop();
  EXPECT_EQ(end.how, "enough");
  EXPECT_TRUE(end.on_purpose);
}

TEST_F(link_test, a_link_that_all_have_let_go_of_says_goodbye_and_ends) {
  start_scheduler_end(15s, [this](const scheduler_event&) {
    scheduler->begin_close("enough");
    scheduler.reset(); // from here its own turns are all that keeps it
    return true;
  });
  start_client_end();
  client_releases(1);
  EXPECT_EQ(client_ended.pop().how, "enough");
  EXPECT_TRUE(scheduler_ended.pop().on_purpose);
}

TEST_F(link_test, garbage_ends_the_link_with_a_sentence_in_the_log) {
  testing::internal::CaptureStderr();
  start_scheduler_end();
  const std::string garbage = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  EXPECT_EQ(::send(theirs.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(garbage.size()));
  EXPECT_FALSE(scheduler_ended.pop().on_purpose);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("the connection to client test is closed: "), said.npos) << said;
}

TEST_F(link_test, of_a_batch_with_a_mistake_nothing_is_heard) {
  testing::internal::CaptureStderr();
  start_scheduler_end();
  start_client_end();
  std::vector<scheduler_event> events;
  events.emplace_back(release_task{task_id{1}});
  events.emplace_back(fail_task{task_id{2}, nullptr});
  client->to_peer().send(events);
  EXPECT_EQ(scheduler_ended.pop().how, "a failure says nothing");
  EXPECT_TRUE(at_scheduler.bell->heard.empty());
  testing::internal::GetCapturedStderr();
}

TEST_F(link_test, an_event_that_is_too_long_to_send_ends_the_link_and_is_not_lost_in_silence) {
  testing::internal::CaptureStderr();
  start_scheduler_end();
  start_client_end();
  std::vector<holder_event> events;
  events.emplace_back(
      result_failed{task_id{1}, failure::make(failure_kind::task_error, std::string(17'000'000, 'x'))});
  scheduler->to_peer().send(events);
  EXPECT_EQ(scheduler_ended.pop().how.substr(0, 42), "what is to be told of a task takes 1700001");
  testing::internal::GetCapturedStderr();
}

TEST_F(link_test, who_speaks_in_somebody_elses_name_loses_the_connection) {
  testing::internal::CaptureStderr();
  start_scheduler_end(15s, [](const scheduler_event& event) {
    const auto* release = std::get_if<release_task>(&event);
    return release && release->task.client() == client_id{1};
  });
  start_client_end();
  std::vector<scheduler_event> events;
  events.emplace_back(release_task{task_id::make(client_id{1}, 1)});
  events.emplace_back(release_task{task_id::make(client_id{2}, 1)});
  client->to_peer().send(events);
  EXPECT_EQ(scheduler_ended.pop().how, "it speaks in somebody else's name");
  testing::internal::GetCapturedStderr();
}

TEST_F(link_test, silence_counts_as_loss_and_pings_keep_an_idle_link_alive) {
  start_scheduler_end(300ms);
  // The other end is open and says nothing.
  EXPECT_EQ(scheduler_ended.pop().how.substr(0, 24), "nothing was heard of it ");
}

TEST_F(link_test, a_slow_reader_gets_larger_batches_and_costs_bounded_memory) {
  start_scheduler_end();
  // Nobody reads at the other end. Each event has a sentence of 10 kB; 20 MB in all.
  const std::string sentence(10'000, 'x');
  constexpr std::uint32_t count = 2000;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::vector<holder_event> events;
    events.emplace_back(task_explained{i, sentence});
    scheduler->to_peer().send(events);
  }
  // What the link has taken out of the box is in the socket's buffers, or counts as unsent; the rest is still
  // in the box. A flush comes back only when all is sent, so the reader begins now.
  std::thread flusher{[&] { scheduler->flush(); }};
  batch_decoder decoder{function_registry::instance(), event_source::scheduler};
  frame_parser parser;
  std::vector<holder_event> heard;
  std::vector<std::byte> buffer(64 << 10);
  std::size_t largest_frame = 0;
  while (heard.size() < count) {
    const auto got = ::recv(theirs.get(), buffer.data(), buffer.size(), 0);
    ASSERT_GT(got, 0);
    parser.receive(byte_span{buffer}.first(static_cast<std::size_t>(got)),
                   [&](const frame_header& header, byte_span payload) {
                     if (header.type != frame_type::batch) return;
                     largest_frame = std::max(largest_frame, payload.size());
                     decoder.decode(payload, heard);
                   });
  }
  flusher.join();
  for (std::uint32_t i = 0; i < count; ++i)
    ASSERT_EQ(std::get<task_explained>(heard[i]).question, i);
  EXPECT_GT(largest_frame, 10 * sentence.size());
}

TEST_F(link_test, the_box_is_left_alone_while_much_is_unsent) {
  start_scheduler_end();
  batch_encoder encoder{function_registry::instance()};
  // When the link has heard the test three times, it has dealt with all that the test did before.
  const auto round_trips = [&] {
    for (std::uint64_t i = 0; i < 3; ++i) {
      std::vector<scheduler_event> events;
      events.emplace_back(release_task{task_id{i}});
      std::vector<std::byte> bytes;
      encoder.encode(events, bytes, {});
      ASSERT_EQ(::send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(bytes.size()));
      at_scheduler.pop();
    }
  };
  const auto say = [&](std::uint32_t number) {
    std::vector<holder_event> events;
    events.emplace_back(task_explained{number, std::string(100'000, 'x')});
    scheduler->to_peer().send(events);
  };
  for (std::uint32_t i = 0; i < 50; ++i)
    say(i);
  round_trips();
  std::vector<holder_event> left;
  scheduler->to_peer().box->take(left); // what came after the link had enough
  say(50);
  say(51);
  round_trips();
  scheduler->to_peer().box->take(left);
  EXPECT_EQ(left.size(), 2u);
}

} // namespace
