// Listener and connector against each other, and each against strangers, over real sockets on loopback.

#include "runtime/services/address_lookup.hpp"
#include "runtime/services/cluster_key.hpp"
#include "runtime/services/connector.hpp"
#include "runtime/services/listener.hpp"
#include "tests/support/mailbox.hpp"

#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <list>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>

using namespace weft;
using namespace weft::detail;
using namespace std::chrono_literals;
using test::mailbox;

namespace {

// A socket of somebody who knows nothing of Weft. Reading ends with the test's deadline.
unique_descriptor plain_socket() {
  unique_descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  timeval deadline{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  return socket;
}

unique_descriptor call(const endpoint& where) {
  auto socket = plain_socket();
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(where.port), .sin_addr = {}, .sin_zero = {}};
  ::inet_pton(AF_INET, where.host.c_str(), &address.sin_addr);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return socket;
}

void say(const unique_descriptor& socket, std::string_view text) {
  ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

// Waits until the other side closes. Returns whether it did so without a word.
bool closes_silently(const unique_descriptor& socket) {
  char byte;
  auto count = ::recv(socket.get(), &byte, 1, 0);
  return count == 0 || (count < 0 && errno == ECONNRESET);
}

// A listening socket that somebody else owns: it accepts in the kernel, and answers what the test makes it
// answer.
struct foreign_listener {
  foreign_listener() {
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket.get(), 8), 0);
  }
  endpoint where() const { return local_endpoint(socket.get()); }
  unique_descriptor accept() const { return unique_descriptor{::accept(socket.get(), nullptr, nullptr)}; }

  unique_descriptor socket = plain_socket();
};

int family_of(const unique_descriptor& socket) {
  int family = 0;
  socklen_t length = sizeof family;
  EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &length), 0);
  return family;
}

class listening : public testing::Test {
 protected:
  static constexpr endpoint loopback() { return {"127.0.0.1", 0}; }

  listener& start(listener::settings how) {
    how.key = key;
    how.self.role = peer_role::scheduler;
    how.self.name = "scheduler";
    return running.emplace_back(
        io, loopback(), std::move(how),
        listener::callbacks{.decide = [this](const auto& peer) { return decide(peer); },
                            .connected = [this](connection c) { accepted.push(std::move(c)); },
                            .dropped = [this](const std::string& why) { dropped.push(why); }});
  }
  listener& start() { return start({}); }

  connector::settings as_worker(std::chrono::milliseconds timeout = 30s) const {
    return {.key = key,
            .self = {.role = peer_role::worker, .name = "alice", .host = "node", .extra = "4 threads"},
            .timeout = timeout};
  }

  // What connecting fails with, as "timeout: …" or "connection: …".
  std::string failure_of(const endpoint& where, connector::settings how) {
    try {
      connector::connect(io, where, std::move(how));
    } catch (const timeout_error& error) {
      return std::string{"timeout: "} + error.what();
    } catch (const connection_error& error) {
      return std::string{"connection: "} + error.what();
    } catch (const std::invalid_argument& error) {
      return std::string{"usage: "} + error.what();
    }
    return "no error";
  }

  connector::settings as_neighbour() const {
    auto how = as_worker();
    how.same_machine = true;
    return how;
  }

  // A connection is of use: bytes get through.
  void expect_works(const connection& near) {
    auto far = accepted.pop();
    EXPECT_EQ(far.peer.name, "alice");
    say(near.socket, "hello");
    std::string text(5, ' ');
    for (std::size_t done = 0; done < text.size();) {
      auto count = ::recv(far.socket.get(), text.data() + done, text.size() - done, 0);
      if (count > 0)
        done += static_cast<std::size_t>(count);
      else
        ASSERT_EQ(errno, EAGAIN);
    }
    EXPECT_EQ(text, "hello");
  }

  key_bytes key = cluster_key::make_ephemeral().bytes();
  std::function<hello_verdict(const peer_description&)> decide = [](const auto&) {
    return hello_verdict::accept("you are 7");
  };
  mailbox<connection> accepted;
  mailbox<std::string> dropped;
  io_thread io;
  std::list<listener> running;
};

} // namespace

TEST_F(listening, a_member_gets_in_and_both_sides_know_each_other) {
  auto& where = start().where();
  auto near = connector::connect(io, where, as_worker());
  EXPECT_EQ(near.peer.role, peer_role::scheduler);
  EXPECT_EQ(near.peer.name, "scheduler");
  EXPECT_EQ(near.peer.extra, "you are 7");
  EXPECT_EQ(remote_endpoint(near.socket.get()), where);
  auto far = accepted.pop();
  EXPECT_EQ(far.peer, as_worker().self);
  EXPECT_EQ(far.told, "you are 7");
}

TEST_F(listening, a_wrong_key_is_named_on_both_sides) {
  auto how = as_worker();
  how.key = cluster_key::make_ephemeral().bytes();
  auto& where = start().where();
  EXPECT_EQ(failure_of(where, how), "connection: " + to_string(where) + " refused: wrong cluster key");
  EXPECT_NE(dropped.pop().find("was refused: it does not have this cluster's key"), std::string::npos);
  EXPECT_TRUE(accepted.empty());
}

TEST_F(listening, another_version_is_named_on_both_sides) {
  auto how = as_worker();
  how.versions = {7, 8};
  auto& where = start().where();
  EXPECT_EQ(failure_of(where, how),
            "connection: " + to_string(where) + " refused: the scheduler speaks protocol 1, the worker 7-8");
  EXPECT_NE(dropped.pop().find("the scheduler speaks protocol 1, the worker 7-8"), std::string::npos);
}

TEST_F(listening, a_refusal_reaches_the_caller_as_the_sentence_it_was_given) {
  decide = [](const auto& peer) {
    return hello_verdict::refuse("there is a worker " + peer.name + " already");
  };
  auto& where = start().where();
  EXPECT_EQ(failure_of(where, as_worker()),
            "connection: " + to_string(where) + " refused: there is a worker alice already");
}

TEST_F(listening, garbage_and_http_are_dropped_and_members_still_get_in) {
  auto& where = start().where();
  auto http = call(where), garbage = call(where);
  say(http, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  say(garbage, std::string(10'000, '\xff'));
  EXPECT_TRUE(closes_silently(http));
  EXPECT_TRUE(closes_silently(garbage));
  dropped.pop();
  dropped.pop();
  expect_works(connector::connect(io, where, as_worker()));
}

TEST_F(listening, silence_is_dropped_by_the_deadline) {
  auto& where = start({.hello_timeout = 20ms}).where();
  auto silent = call(where), slow = call(where);
  say(slow, std::string_view{"\x20\0\0\0\x01", 5});
  EXPECT_TRUE(closes_silently(silent));
  EXPECT_TRUE(closes_silently(slow));
  EXPECT_NE(dropped.pop().find("did not finish the hello within 20 ms"), std::string::npos);
}

TEST_F(listening, a_flood_of_silent_strangers_keeps_no_member_out) {
  auto& where = start({.hello_timeout = 1h, .strangers_max = 8}).where();
  std::vector<unique_descriptor> strangers;
  for (int i = 0; i < 100; ++i)
    strangers.push_back(call(where));
  expect_works(connector::connect(io, where, as_worker()));
  EXPECT_TRUE(closes_silently(strangers.front())) << "the oldest did not give way";
}

TEST_F(listening, a_connection_that_is_in_is_not_disturbed_by_strangers) {
  auto& where = start({.strangers_max = 2}).where();
  auto near = connector::connect(io, where, as_worker());
  std::vector<unique_descriptor> strangers;
  for (int i = 0; i < 20; ++i)
    say(strangers.emplace_back(call(where)), "garbage, garbage");
  for (auto& stranger : strangers)
    EXPECT_TRUE(closes_silently(stranger));
  expect_works(near);
}

TEST_F(listening, a_port_in_use_is_named) {
  auto& where = start().where();
  try {
    listener second{io, where, {}, {}};
    FAIL() << "two listen at " << to_string(where);
  } catch (const connection_error& error) {
    EXPECT_EQ(error.what(), "cannot listen at " + to_string(where) + ": the port is in use");
  }
}

TEST_F(listening, an_address_that_others_reach_needs_insecure) {
  endpoint everywhere{"0.0.0.0", 0};
  EXPECT_THROW((listener{io, everywhere, {}, {}}), std::invalid_argument);
  listener allowed{io, everywhere, {.key = key, .self = {}, .insecure = true}, {}};
  EXPECT_NE(allowed.where().port, 0);
}

TEST_F(listening, an_address_off_this_machine_is_not_connected_to_unless_insecure) {
  const endpoint here = start().where();
  // Goes to this machine, but so that any other could be meant.
  const endpoint anywhere{"0.0.0.0", here.port};
  EXPECT_EQ(
      failure_of(anywhere, as_worker()),
      "usage: cannot connect to " + to_string(anywhere) +
          ": it is not on this machine, and nothing is encrypted on the way; only loopback is allowed (or "
          "say --insecure; in a program: .insecure = true)");
  EXPECT_EQ(
      failure_of({"2001:db8::1", 1}, as_worker()).rfind("usage: cannot connect to [2001:db8::1]:1: ", 0), 0u);
  auto how = as_worker();
  how.insecure = true;
  expect_works(connector::connect(io, anywhere, how));
  expect_works(connector::connect(io, {"localhost", here.port}, as_worker()));
}

TEST_F(listening, nobody_at_the_address_is_told_at_once) {
  endpoint free = foreign_listener{}.where();
  EXPECT_EQ(failure_of(free, as_worker()),
            "connection: cannot connect to " + to_string(free) + ": nobody listens there");
}

TEST_F(listening, with_retry_it_gets_in_when_somebody_comes_to_listen) {
  endpoint later = foreign_listener{}.where();
  auto how = as_worker();
  how.retry = true;
  mailbox<connection> connected;
  connector waiting{io, later, how, [&](connection c, std::exception_ptr) { connected.push(std::move(c)); }};
  listener late{
      io,
      later,
      {.key = key, .self = {.role = peer_role::scheduler}},
      {.decide = decide, .connected = [&](connection c) { accepted.push(std::move(c)); }, .dropped = {}}};
  expect_works(connected.pop());
}

TEST_F(listening, retrying_ends_with_the_deadline_and_says_for_how_long) {
  endpoint free = foreign_listener{}.where();
  auto how = as_worker(60ms);
  how.retry = true;
  EXPECT_EQ(failure_of(free, how), "connection: cannot connect to " + to_string(free) +
                                       ": nobody listens there, after trying for 60 ms");
}

TEST_F(listening, one_that_never_answers_ends_in_a_timeout_that_names_it) {
  foreign_listener black_hole;
  EXPECT_EQ(failure_of(black_hole.where(), as_worker(50ms)),
            "timeout: cannot connect to " + to_string(black_hole.where()) +
                ": it accepted the connection, but did not answer the hello within 50 ms");
}

TEST_F(listening, another_protocol_at_the_port_is_recognised) {
  foreign_listener web;
  std::jthread server{[&] {
    auto peer = web.accept();
    say(peer, "HTTP/1.1 400 Bad Request\r\n\r\n");
    char rest[1024];
    while (::recv(peer.get(), rest, sizeof rest, 0) > 0) {
    }
  }};
  EXPECT_EQ(failure_of(web.where(), as_worker()),
            "connection: " + to_string(web.where()) +
                " does not speak Weft's protocol (it sent \"HTTP/1.1\")");
}

TEST_F(listening, one_that_hangs_up_during_the_hello_is_recognised) {
  foreign_listener rude;
  std::jthread server{[&] {
    auto peer = rude.accept();
    char greeting[1024];
    ::recv(peer.get(), greeting, sizeof greeting, 0);
  }};
  EXPECT_EQ(
      failure_of(rude.where(), as_worker()),
      "connection: " + to_string(rude.where()) +
          " closed the connection without an answer: it has just ended, or does not speak Weft's protocol");
}

TEST_F(listening, a_name_that_does_not_exist_is_told) {
  auto told = failure_of({"no-such-host.invalid", 1}, as_worker());
  EXPECT_TRUE(told.starts_with("connection: cannot find no-such-host.invalid") ||
              told.starts_with("timeout: cannot connect to no-such-host.invalid:1"))
      << told;
}

TEST_F(listening, localhost_is_found_by_name) {
  expect_works(connector::connect(io, {"localhost", start().where().port}, as_worker()));
}

TEST_F(listening, works_over_a_socket_that_is_connected_already) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  start().adopt(unique_descriptor{ends[0]});
  expect_works(connector::connect(io, unique_descriptor{ends[1]}, "the parent", as_worker()));
}

TEST_F(listening, a_closed_listener_is_silent_and_its_port_free_again) {
  auto& first = start();
  auto where = first.where();
  auto stranger = call(where);
  first.close();
  EXPECT_TRUE(closes_silently(stranger));
  EXPECT_NO_THROW((listener{io, where, {}, {}}));
}

TEST_F(listening, a_connector_that_is_destroyed_never_calls) {
  foreign_listener black_hole;
  bool called = false;
  {
    connector given_up{io, black_hole.where(), as_worker(),
                       [&](connection, std::exception_ptr) { called = true; }};
  }
  EXPECT_FALSE(called);
}

TEST_F(listening, processes_of_one_machine_that_both_wish_it_talk_over_af_unix) {
  auto& where = start({.same_machine = true}).where();
  auto near = connector::connect(io, where, as_neighbour());
  EXPECT_EQ(family_of(near.socket), AF_UNIX);
  expect_works(near);
  near = connector::connect(io, where, as_worker());
  EXPECT_EQ(family_of(near.socket), AF_INET) << "it did not wish it";
  expect_works(near);
}

TEST_F(listening, without_an_af_unix_socket_there_it_is_tcp_without_a_word) {
  auto near = connector::connect(io, start().where(), as_neighbour());
  EXPECT_EQ(family_of(near.socket), AF_INET);
  expect_works(near);
  EXPECT_TRUE(dropped.empty());
}

TEST_F(listening, a_wrong_key_is_refused_over_af_unix_too) {
  auto how = as_neighbour();
  how.key = cluster_key::make_ephemeral().bytes();
  auto& where = start({.same_machine = true}).where();
  EXPECT_EQ(failure_of(where, how), "connection: " + to_string(where) + " refused: wrong cluster key");
  EXPECT_EQ(dropped.pop(), "a process of this machine was refused: it does not have this cluster's key");
  EXPECT_TRUE(accepted.empty());
}

TEST_F(listening, whose_af_unix_name_is_taken_listens_over_tcp_alone) {
  const auto where = start().where();
  running.back().close(); // its port is free again, its name somebody else's
  const auto name = same_machine_address(look_up(where, true).at(0));
  const unique_descriptor squatter{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::bind(squatter.get(), name.get(), name.length), 0);
  listener late{io,
                where,
                {.key = key, .self = {.role = peer_role::scheduler}, .same_machine = true},
                {.decide = decide, .connected = [this](connection c) { accepted.push(std::move(c)); }}};
  auto near = connector::connect(io, where, as_neighbour()); // the squatter does not listen
  EXPECT_EQ(family_of(near.socket), AF_INET);
  expect_works(near);
}

TEST_F(listening, a_closed_listener_leaves_no_af_unix_socket_behind) {
  auto& first = start({.same_machine = true});
  const auto where = first.where();
  first.close();
  EXPECT_EQ(failure_of(where, as_neighbour()),
            "connection: cannot connect to " + to_string(where) + ": nobody listens there");
}
