// Two handshakes talk to each other through a pipe made of vectors, which a test may cut, change or answer
// itself.

#include "runtime/wire/hello.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weft::detail;

namespace {

key_bytes key_of(int filling) {
  key_bytes key;
  key.fill(std::byte(filling));
  return key;
}

nonce_bytes nonce_of(int filling) {
  return key_of(filling);
}

const peer_description a_worker{.role = peer_role::worker,
                                .purpose = connection_purpose::data,
                                .name = "alice",
                                .host = "node-7",
                                .process = 4711,
                                .build = "c0ffee",
                                .extra = "threads 4"};
const peer_description a_scheduler{
    .role = peer_role::scheduler, .name = "scheduler", .host = "node-1", .process = 1};

handshake make_caller(int key = 1, version_range versions = protocol_versions) {
  return handshake::caller(key_of(key), a_worker, nonce_of(10), versions);
}
handshake make_acceptor(int key = 1, version_range versions = protocol_versions) {
  return handshake::acceptor(key_of(key), a_scheduler, nonce_of(20), versions);
}

// Gives bytes to a handshake in pieces of at most `piece`, as it wants them. Returns what it did not want.
std::size_t feed(handshake& to, byte_span bytes, std::size_t piece = 1 << 20) {
  while (!bytes.empty() && to.wanted() > 0) {
    auto part = bytes.first(std::min({to.wanted(), bytes.size(), piece}));
    to.receive(part);
    bytes = bytes.subspan(part.size());
  }
  return bytes.size();
}

// Carries bytes to and fro until neither has anything to say.
void talk(handshake& caller, handshake& acceptor, std::size_t piece = 1 << 20) {
  for (bool more = true; more;) {
    auto out = caller.take_output();
    EXPECT_EQ(feed(acceptor, out, piece), 0u);
    auto back = acceptor.take_output();
    EXPECT_EQ(feed(caller, back, piece), 0u);
    more = !out.empty() || !back.empty();
  }
}

} // namespace

TEST(hello, two_members_learn_who_the_other_is) {
  auto caller = make_caller();
  auto acceptor = make_acceptor();
  talk(caller, acceptor, 1);
  ASSERT_EQ(acceptor.state(), handshake::state::deciding);
  EXPECT_EQ(acceptor.peer(), a_worker);
  acceptor.decide(hello_verdict::accept("you are worker 3"));
  talk(caller, acceptor, 1);
  ASSERT_EQ(caller.state(), handshake::state::done);
  ASSERT_EQ(acceptor.state(), handshake::state::done);
  auto expected = a_scheduler;
  expected.purpose = connection_purpose::data;
  expected.extra = "you are worker 3";
  EXPECT_EQ(caller.peer(), expected);
  EXPECT_EQ(caller.version(), 1);
}

TEST(hello, a_wrong_key_is_refused_and_named_on_both_sides) {
  auto caller = make_caller(1);
  auto acceptor = make_acceptor(2);
  talk(caller, acceptor);
  EXPECT_EQ(caller.state(), handshake::state::failed);
  EXPECT_EQ(caller.error(), "refused: wrong cluster key");
  EXPECT_EQ(acceptor.error(), "was refused: it does not have this cluster's key");
  EXPECT_TRUE(acceptor.peer().name.empty()) << "the description was read before the proof";
}

TEST(hello, versions_that_do_not_overlap_are_refused_and_both_are_named) {
  auto caller = make_caller(1, {1, 2});
  auto acceptor = make_acceptor(1, {3, 3});
  talk(caller, acceptor);
  EXPECT_EQ(caller.error(), "refused: the scheduler speaks protocol 3, the worker 1-2");
  EXPECT_EQ(acceptor.error(), "was refused: the scheduler speaks protocol 3, the worker 1-2");
}

TEST(hello, of_overlapping_versions_the_highest_that_both_know_is_spoken) {
  auto caller = make_caller(1, {1, 4});
  auto acceptor = make_acceptor(1, {2, 7});
  talk(caller, acceptor);
  EXPECT_EQ(acceptor.version(), 4);
}

TEST(hello, a_refusal_reaches_the_caller_as_a_sentence_without_control_characters) {
  auto caller = make_caller();
  auto acceptor = make_acceptor();
  talk(caller, acceptor);
  acceptor.decide(hello_verdict::refuse("no \x1b[31mroom\n"));
  talk(caller, acceptor);
  EXPECT_EQ(caller.error(), "refused: no ?[31mroom?");
}

TEST(hello, an_acceptor_that_only_repeats_what_it_heard_has_not_proved_anything) {
  auto caller = make_caller();
  auto greeting = caller.take_output();
  feed(caller, greeting);
  auto proof = caller.take_output();
  ASSERT_FALSE(proof.empty());
  feed(caller, proof);
  EXPECT_EQ(caller.error(), "does not have this cluster's key");
}

TEST(hello, yesterdays_proof_is_worthless_against_a_fresh_nonce) {
  auto caller = make_caller();
  auto acceptor = make_acceptor();
  auto greeting = caller.take_output();
  feed(acceptor, greeting);
  feed(caller, acceptor.take_output());
  auto proof = caller.take_output();
  auto tomorrow = handshake::acceptor(key_of(1), a_scheduler, nonce_of(21));
  feed(tomorrow, greeting);
  feed(tomorrow, proof);
  EXPECT_EQ(tomorrow.state(), handshake::state::failed);
  feed(acceptor, proof);
  EXPECT_EQ(acceptor.state(), handshake::state::deciding);
}

TEST(hello, a_change_of_any_byte_on_the_way_is_noticed) {
  std::size_t greeting_size = 0, proof_size = 0;
  for (std::size_t changed = 0; changed == 0 || changed < greeting_size + proof_size; ++changed) {
    auto caller = make_caller();
    auto acceptor = make_acceptor();
    auto greeting = caller.take_output();
    greeting_size = greeting.size();
    if (changed < greeting_size) greeting[changed] ^= std::byte{1};
    feed(acceptor, greeting);
    feed(caller, acceptor.take_output());
    auto proof = caller.take_output();
    proof_size = std::max(proof_size, proof.size());
    if (changed >= greeting_size) proof[changed - greeting_size] ^= std::byte{1};
    feed(acceptor, proof);
    EXPECT_NE(acceptor.state(), handshake::state::deciding) << "byte " << changed;
  }
}

TEST(hello, another_protocol_is_recognised_by_its_first_bytes) {
  auto acceptor = make_acceptor();
  feed(acceptor, as_bytes_of("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_EQ(acceptor.state(), handshake::state::failed);
  EXPECT_TRUE(acceptor.is_foreign());
  EXPECT_EQ(acceptor.error(), "does not speak Weft's protocol (it sent \"GET / HT\")");
  EXPECT_TRUE(acceptor.take_output().empty());
  auto caller = make_caller();
  feed(caller, as_bytes_of("SSH-2.0-OpenSSH_9.2p1\r\n"));
  EXPECT_EQ(caller.error(), "does not speak Weft's protocol (it sent \"SSH-2.0-\")");
}

TEST(hello, a_stranger_can_make_it_hold_at_most_64_kib) {
  auto acceptor = make_acceptor();
  feed(acceptor, frame_header{.length = frame_limits::greeting + 1, .type = frame_type::greeting}.encoded());
  EXPECT_EQ(acceptor.state(), handshake::state::failed);
  auto second = make_acceptor();
  feed(second, make_caller().take_output());
  feed(second, frame_header{.length = frame_limits::proof + 1, .type = frame_type::proof}.encoded());
  EXPECT_EQ(second.state(), handshake::state::failed);
  EXPECT_LE(frame_limits::greeting + frame_limits::proof, 64u << 10);
}

TEST(hello, a_proof_before_the_greeting_is_refused) {
  auto acceptor = make_acceptor();
  std::vector<std::byte> bytes;
  append_frame(bytes, frame_type::proof, as_bytes_of(std::string(64, 'x')));
  feed(acceptor, bytes);
  EXPECT_EQ(acceptor.state(), handshake::state::failed);
}

TEST(hello, a_connection_that_closes_in_the_middle_is_a_failure_that_says_when) {
  auto caller = make_caller();
  caller.closed();
  EXPECT_EQ(caller.error(),
            "closed the connection without an answer: it has just ended, or does not speak Weft's protocol");
  auto acceptor = make_acceptor();
  feed(acceptor, make_caller().take_output());
  acceptor.closed();
  EXPECT_EQ(acceptor.error(), "closed the connection during the hello");
}

TEST(hello, never_wants_a_byte_behind_the_hello) {
  auto caller = make_caller();
  auto acceptor = make_acceptor();
  talk(caller, acceptor);
  acceptor.decide(hello_verdict::accept(""));
  auto last = acceptor.take_output();
  append_frame(last, frame_type::ping, {});
  EXPECT_EQ(feed(caller, last), frame_header::size);
  EXPECT_EQ(caller.state(), handshake::state::done);
}

TEST(hello, a_description_that_does_not_fit_is_the_callers_error) {
  auto large = a_worker;
  large.extra.resize(frame_limits::proof);
  EXPECT_THROW(handshake::caller(key_of(1), large, nonce_of(1)), std::length_error);
}
