// Transfers of several "processes" (each a transfer with an io thread of its own) talk over real sockets.

#include "runtime/services/cluster_key.hpp"
#include "runtime/services/connector.hpp"
#include "runtime/services/listener.hpp"
#include "runtime/services/transfer.hpp"
#include "runtime/wire/data_message.hpp"
#include "tests/support/mailbox.hpp"
#include "tests/support/no_more_threads.hpp"
#include "tests/unit/transfer_processes.hpp"

#include <weft/detail/typed_value.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <sys/socket.h>
#include <thread>

using namespace weft;
using namespace weft::detail;
using namespace std::chrono_literals;
using test::mailbox;
using test::process;
using test::recorder;
using test::the_key;

namespace {

constexpr task_id task_a{1001};
constexpr task_id task_b{1002};

// Answers every question at once with the value of the task that is asked for.
struct server final : transfer_sink {
  server(transfer& in, worker_id self, std::function<value_ptr(task_id)> value_of)
      : value_of_(std::move(value_of)), mover_(in.attach(self, *this)) {}

  void deliver(std::vector<worker_event>& events) override {
    std::vector<transfer_command> answers;
    for (auto& event : events)
      if (auto* question = std::get_if<value_requested>(&event))
        answers.push_back(send_value{question->requester, question->task, value_of_(question->task)});
    events.clear();
    mover_->perform(answers);
  }

 private:
  std::function<value_ptr(task_id)> value_of_;
  std::unique_ptr<data_mover> mover_;
};

struct does_not_travel {
  std::atomic<int>* pointer = nullptr;
};

// A type whose codec throws.
class breaks_when_encoded final : public value {
 public:
  std::uint64_t nbytes() const noexcept override { return sizeof *this; }
  std::string type_name() const override { return "breaks_when_encoded"; }
  bool travels() const noexcept override { return true; }
  void encode(encoder& to) const override {
    to.write(1);
    throw std::runtime_error("the codec broke");
  }
};

// Asks until it is so.
void await(const std::function<bool()>& condition) {
  for (auto start = std::chrono::steady_clock::now(); !condition(); std::this_thread::yield())
    if (std::chrono::steady_clock::now() - start > mailbox<int>::deadline)
      throw std::runtime_error("it did not become so within the test's deadline");
}

class transferring : public testing::Test {
 protected:
  transferring() { bob.mover->introduce(worker_id{1}, far.where); }

  process far{the_key};
  process near{the_key};
  recorder alice{far.data, worker_id{1}};
  recorder bob{near.data, worker_id{2}};
};

} // namespace

TEST_F(transferring, a_value_that_is_asked_for_arrives) {
  bob.say(request_value{worker_id{1}, task_a});
  auto question = alice.hear<value_requested>();
  EXPECT_EQ(question.task, task_a);
  alice.say(send_value{question.requester, task_a, make_value<std::string>("hello")});
  auto arrived = bob.hear<value_arrived>();
  EXPECT_EQ(arrived.from, worker_id{1});
  EXPECT_EQ(arrived.task, task_a);
  EXPECT_EQ(arrived.value->type_name(), "std::string");
  EXPECT_EQ(value_as<std::string>(*arrived.value), "hello");
}

TEST_F(transferring, a_large_value_arrives_though_there_is_no_thread_to_encode_it) {
  const test::no_more_threads scope;
  bob.say(request_value{worker_id{1}, task_a});
  alice.answer(make_value<std::string>(std::string(1 << 20, 'x')));
  EXPECT_EQ(value_as<std::string>(*bob.hear<value_arrived>().value).size(), std::size_t{1} << 20);
}

TEST_F(transferring, doubles_arrive_bit_for_bit) {
  const std::vector<double> odd{0.0, -0.0, 1e-310, std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN()};
  bob.say(request_value{worker_id{1}, task_a});
  alice.answer(make_value<std::vector<double>>(odd));
  auto arrived = bob.hear<value_arrived>();
  auto& same = value_as<std::vector<double>>(*arrived.value);
  EXPECT_EQ(std::memcmp(same.data(), odd.data(), odd.size() * sizeof(double)), 0);
}

TEST_F(transferring, answers_may_come_in_another_order_than_the_questions) {
  bob.say(request_value{worker_id{1}, task_a});
  bob.say(request_value{worker_id{1}, task_b});
  auto first = alice.hear<value_requested>(), second = alice.hear<value_requested>();
  EXPECT_NE(first.requester, second.requester);
  alice.say(send_value{second.requester, second.task, make_value<int>(2)});
  alice.say(send_value{first.requester, first.task, make_value<int>(1)});
  auto early = bob.hear<value_arrived>(), late = bob.hear<value_arrived>();
  EXPECT_EQ(early.task, task_b);
  EXPECT_EQ(value_as<int>(*early.value), 2);
  EXPECT_EQ(late.task, task_a);
  EXPECT_EQ(value_as<int>(*late.value), 1);
}

TEST_F(transferring, a_value_that_was_moved_is_told) {
  bob.say(request_value{worker_id{1}, task_a});
  alice.say(send_moved{alice.hear<value_requested>().requester, task_a});
  EXPECT_EQ(bob.hear<value_moved>(), (value_moved{worker_id{1}, task_a}));
}

TEST_F(transferring, a_worker_that_is_not_there_any_more_counts_as_moved) {
  bob.mover->introduce(worker_id{9}, far.where);
  bob.say(request_value{worker_id{9}, task_a});
  EXPECT_EQ(bob.hear<value_moved>(), (value_moved{worker_id{9}, task_a}));
}

TEST_F(transferring, the_questions_that_a_leaving_worker_did_not_answer_count_as_moved) {
  bob.say(request_value{worker_id{1}, task_a});
  alice.hear<value_requested>();
  alice.mover = nullptr;
  EXPECT_EQ(bob.hear<value_moved>(), (value_moved{worker_id{1}, task_a}));
}

TEST_F(transferring, a_value_that_cannot_travel_is_refused_with_its_type) {
  bob.say(request_value{worker_id{1}, task_a});
  alice.answer(make_value<does_not_travel>());
  auto refused = bob.hear<value_refused>();
  EXPECT_EQ(refused.failure->kind, failure_kind::cannot_travel);
  EXPECT_NE(refused.failure->messages.at(0).find("does_not_travel"), std::string::npos);
}

TEST_F(transferring, an_exception_of_the_codec_is_told_and_the_connection_goes_on) {
  bob.say(request_value{worker_id{1}, task_a});
  alice.answer(make_intrusive<breaks_when_encoded>());
  EXPECT_EQ(bob.hear<value_refused>().failure->messages.at(0),
            "encoding a value of type breaks_when_encoded: the codec broke");
  bob.say(request_value{worker_id{1}, task_b});
  alice.answer(make_value<int>(7));
  EXPECT_EQ(value_as<int>(*bob.hear<value_arrived>().value), 7);
}

TEST_F(transferring, a_put_value_reaches_the_worker_that_it_is_for) {
  recorder carol{far.data, worker_id{3}};
  bob.mover->introduce(worker_id{3}, far.where);
  bob.say(put_value{worker_id{3}, task_a, make_value<int>(5)});
  auto put = carol.hear<value_put>();
  EXPECT_EQ(put.task, task_a);
  EXPECT_EQ(value_as<int>(*put.value), 5);
  EXPECT_TRUE(alice.heard.empty());
}

TEST_F(transferring, a_put_value_that_cannot_travel_comes_back_as_refused) {
  bob.say(put_value{worker_id{1}, task_a, make_value<does_not_travel>()});
  auto refused = bob.hear<value_refused>();
  EXPECT_EQ(refused.from, worker_id{1});
  EXPECT_EQ(refused.task, task_a);
}

TEST_F(transferring, all_parties_of_a_process_share_a_connection) {
  recorder carol{far.data, worker_id{3}}, dave{near.data, worker_id{}};
  dave.mover->introduce(worker_id{3}, far.where);
  bob.say(request_value{worker_id{1}, task_a});
  dave.say(request_value{worker_id{3}, task_a});
  alice.answer(make_value<int>(1));
  carol.answer(make_value<int>(3));
  EXPECT_EQ(value_as<int>(*bob.hear<value_arrived>().value), 1);
  EXPECT_EQ(value_as<int>(*dave.hear<value_arrived>().value), 3);
  EXPECT_EQ(near.data.connection_count(), 1u);
}

TEST_F(transferring, a_worker_that_was_not_introduced_is_unreachable) {
  bob.say(request_value{worker_id{8}, task_a});
  EXPECT_EQ(bob.hear<peer_unreachable>(), (peer_unreachable{worker_id{8}}));
  bob.mover->introduce(worker_id{8}, "no address at all");
  bob.say(put_value{worker_id{8}, task_a, make_value<int>(1)});
  EXPECT_EQ(bob.hear<peer_unreachable>(), (peer_unreachable{worker_id{8}}));
}

TEST_F(transferring, where_nobody_listens_is_unreachable_once_for_all_questions) {
  auto gone = std::make_unique<process>(the_key);
  bob.mover->introduce(worker_id{8}, gone->where);
  gone = nullptr;
  std::vector<transfer_command> commands{request_value{worker_id{8}, task_a},
                                         request_value{worker_id{8}, task_b}};
  bob.mover->perform(commands);
  EXPECT_TRUE(commands.empty());
  EXPECT_EQ(bob.hear<peer_unreachable>(), (peer_unreachable{worker_id{8}}));
  bob.say(request_value{worker_id{1}, task_a});
  alice.answer(make_value<int>(1));
  bob.hear<value_arrived>(); // and not a second peer_unreachable
}

TEST_F(transferring, who_asks_again_where_nobody_listens_waits_for_the_next_attempt_and_is_told_once) {
  std::vector<std::string> said;
  process asking{the_key, [&](transfer::settings& its) {
                   its.retry_pause = 20ms;
                   its.log = [&](const std::string& sentence) { said.push_back(sentence); };
                 }};
  recorder carol{asking.data, worker_id{3}};
  auto gone = std::make_unique<process>(the_key);
  carol.mover->introduce(worker_id{8}, gone->where);
  gone = nullptr;
  const auto begun = std::chrono::steady_clock::now();
  for (int attempt = 0; attempt < 4; ++attempt) {
    carol.say(request_value{worker_id{8}, task_a});
    EXPECT_EQ(carol.hear<peer_unreachable>(), (peer_unreachable{worker_id{8}}));
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 20ms + 40ms + 80ms);
  asking.data.close();
  EXPECT_EQ(said.size(), 1u);
}

TEST_F(transferring, what_is_asked_during_the_pause_is_void_once_the_worker_is_forgotten) {
  process asking{the_key, [&](transfer::settings& its) { its.retry_pause = 1h; }};
  recorder carol{asking.data, worker_id{3}};
  auto gone = std::make_unique<process>(the_key);
  carol.mover->introduce(worker_id{8}, gone->where);
  gone = nullptr;
  carol.say(request_value{worker_id{8}, task_a});
  carol.hear<peer_unreachable>();
  carol.say(request_value{worker_id{8}, task_b});
  carol.mover->forget(worker_id{8});
  EXPECT_EQ(carol.hear<peer_unreachable>(), (peer_unreachable{worker_id{8}}));
}

TEST_F(transferring, a_process_with_another_key_is_unreachable) {
  process stranger{cluster_key::make_ephemeral().bytes()};
  bob.mover->introduce(worker_id{8}, stranger.where);
  bob.say(request_value{worker_id{8}, task_a});
  EXPECT_EQ(bob.hear<peer_unreachable>(), (peer_unreachable{worker_id{8}}));
}

TEST_F(transferring, when_the_asked_process_ends_the_asker_hears_of_it) {
  auto other = std::make_unique<process>(the_key);
  auto carol = std::make_unique<recorder>(other->data, worker_id{3});
  bob.mover->introduce(worker_id{3}, other->where);
  bob.say(request_value{worker_id{3}, task_a});
  carol->hear<value_requested>();
  other->data.close();
  EXPECT_EQ(bob.hear<peer_unreachable>(), (peer_unreachable{worker_id{3}}));
}

TEST_F(transferring, when_the_asking_process_ends_the_question_is_void) {
  auto other = std::make_unique<process>(the_key);
  auto carol = std::make_unique<recorder>(other->data, worker_id{3});
  carol->mover->introduce(worker_id{1}, far.where);
  carol->say(request_value{worker_id{1}, task_a});
  auto question = alice.hear<value_requested>();
  other->data.close();
  EXPECT_EQ(alice.hear<requester_gone>(), (requester_gone{question.requester}));
  alice.say(send_value{question.requester, task_a, make_value<int>(1)}); // too late, and harmless
}

TEST_F(transferring, a_forgotten_worker_is_unreachable_at_once_and_its_late_answer_dropped) {
  bob.say(request_value{worker_id{1}, task_a});
  auto question = alice.hear<value_requested>();
  bob.mover->forget(worker_id{1});
  EXPECT_EQ(bob.hear<peer_unreachable>(), (peer_unreachable{worker_id{1}}));
  alice.say(send_value{question.requester, task_a, make_value<int>(1)});
  bob.mover->introduce(worker_id{1}, far.where);
  bob.say(request_value{worker_id{1}, task_b});
  alice.answer(make_value<int>(2));
  EXPECT_EQ(bob.hear<value_arrived>().task, task_b);
}

TEST_F(transferring, ten_thousand_small_values_arrive_each_as_asked) {
  server store{far.data, worker_id{5},
               [](task_id task) { return make_value<std::uint64_t>(task.value * 3); }};
  bob.mover->introduce(worker_id{5}, far.where);
  std::vector<transfer_command> commands;
  for (std::uint64_t i = 1; i <= 10'000; ++i)
    commands.push_back(request_value{worker_id{5}, task_id{i}});
  bob.mover->perform(commands);
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    auto arrived = bob.hear<value_arrived>();
    EXPECT_EQ(arrived.task.value, i);
    EXPECT_EQ(value_as<std::uint64_t>(*arrived.value), 3 * i);
  }
}

TEST_F(transferring, values_of_every_size_around_the_limits_arrive_whole) {
  server store{far.data, worker_id{5}, [](task_id task) { return make_value<std::string>(task.value, 'x'); }};
  bob.mover->introduce(worker_id{5}, far.where);
  std::vector<std::size_t> sizes{1};
  for (std::size_t limit : {4 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 1 << 20})
    for (auto size = limit - 40; size <= limit + 40; size += 8)
      sizes.push_back(size);
  std::vector<transfer_command> commands;
  for (auto size : sizes)
    commands.push_back(request_value{worker_id{5}, task_id{size}});
  bob.mover->perform(commands);
  for (auto size : sizes) {
    auto arrived = bob.hear<value_arrived>();
    ASSERT_EQ(arrived.task.value, size);
    ASSERT_EQ(value_as<std::string>(*arrived.value), std::string(size, 'x'));
  }
}

TEST_F(transferring, a_value_of_many_small_parts_arrives_whole) {
  std::vector<std::string> parts;
  for (int i = 0; i < 100'000; ++i)
    parts.push_back("part " + std::to_string(i));
  bob.say(request_value{worker_id{1}, task_a});
  alice.answer(make_value<std::vector<std::string>>(parts));
  EXPECT_EQ((value_as<std::vector<std::string>>(*bob.hear<value_arrived>().value)), parts);
}

TEST_F(transferring, a_value_of_many_large_parts_arrives_whole) {
  std::vector<std::vector<std::uint64_t>>
      parts; // more than are received apart, some of them too small for it
  for (std::uint64_t i = 0; i < 2 * data_message::blocks_max; ++i)
    parts.emplace_back((64 << 10) / sizeof i + i % 3 - 1, i);
  bob.say(request_value{worker_id{1}, task_a});
  alice.answer(make_value<std::vector<std::vector<std::uint64_t>>>(parts));
  EXPECT_EQ((value_as<std::vector<std::vector<std::uint64_t>>>(*bob.hear<value_arrived>().value)), parts);
}

TEST_F(transferring, small_values_keep_flowing_on_other_connections_while_200_mb_are_moved) {
  std::vector<std::uint64_t> large(25'000'000);
  std::iota(large.begin(), large.end(), 1);
  auto shared = make_value<std::vector<std::uint64_t>>(std::move(large));
  server store{far.data, worker_id{5}, [&](task_id) { return shared; }};
  bob.mover->introduce(worker_id{5}, far.where);

  // A third process asks the same one for small values, one after the other, over a connection of its own.
  process third{the_key};
  server pebbles{far.data, worker_id{6}, [](task_id task) { return make_value<std::uint64_t>(task.value); }};
  recorder carol{third.data, worker_id{7}};
  carol.mover->introduce(worker_id{6}, far.where);

  bob.say(request_value{worker_id{5}, task_a});
  int small_ones = 0;
  for (std::uint64_t i = 1; bob.heard.empty(); ++i, ++small_ones) {
    carol.say(request_value{worker_id{6}, task_id{i}});
    ASSERT_EQ(value_as<std::uint64_t>(*carol.hear<value_arrived>().value), i);
  }
  auto arrived = bob.hear<value_arrived>();
  EXPECT_GE(small_ones, 20) << "small values waited for the large one";
  auto& received = value_as<std::vector<std::uint64_t>>(*arrived.value);
  ASSERT_EQ(received.size(), 25'000'000u);
  EXPECT_EQ(received, (value_as<std::vector<std::uint64_t>>(*shared)));
}

TEST_F(transferring, a_value_above_the_limit_is_refused_with_both_sizes) {
  process strict{the_key, [](auto& how) { how.length_max = 1000; }};
  recorder carol{strict.data, worker_id{3}};
  bob.mover->introduce(worker_id{3}, strict.where);
  bob.say(request_value{worker_id{3}, task_a});
  carol.answer(make_value<std::string>(2000, 'x'));
  EXPECT_EQ(bob.hear<value_refused>().failure->messages.at(0),
            "a value of 2016 bytes, where at most 1000 may travel");
}

TEST_F(transferring, a_value_above_the_receivers_limit_closes_the_connection) {
  process strict{the_key, [](auto& how) { how.length_max = 1000; }};
  recorder carol{strict.data, worker_id{3}};
  carol.mover->introduce(worker_id{1}, far.where);
  carol.say(request_value{worker_id{1}, task_a});
  alice.answer(make_value<std::string>(2000, 'x'));
  EXPECT_EQ(carol.hear<peer_unreachable>(), (peer_unreachable{worker_id{1}}));
}

TEST_F(transferring, a_member_that_sends_garbage_loses_its_connection_and_nobody_elses) {
  mailbox<std::string> log;
  process careful{the_key,
                  [&](auto& how) { how.log = [&](const std::string& sentence) { log.push(sentence); }; }};
  recorder carol{careful.data, worker_id{3}};
  bob.mover->introduce(worker_id{3}, careful.where);
  bob.say(request_value{worker_id{3}, task_a});
  auto question = carol.hear<value_requested>();

  io_thread io;
  connector::settings how{
      .key = the_key,
      .self = {.role = peer_role::worker, .purpose = connection_purpose::data, .name = "mad"}};
  auto mad = connector::connect(io, endpoint::parse(careful.where), how);
  std::string garbage(1000, '\x7f');
  ::send(mad.socket.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL);
  EXPECT_NE(log.pop().find("the data connection of mad ended: broke the protocol"), std::string::npos);

  auto liar = connector::connect(io, endpoint::parse(careful.where), how);
  std::vector<std::byte> bytes;
  data_message answer;
  answer.type = frame_type::value_moved;
  append_data_message(bytes, answer);
  ::send(liar.socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  EXPECT_NE(log.pop().find("a value_moved out of turn"), std::string::npos);

  carol.say(send_value{question.requester, task_a, make_value<int>(1)});
  EXPECT_EQ(value_as<int>(*bob.hear<value_arrived>().value), 1);
}

TEST_F(transferring, between_processes_of_one_machine_values_move_over_af_unix) {
  mailbox<connection> accepted;
  listener peer{near.io,
                {"127.0.0.1", 0},
                {.key = the_key, .self = {.role = peer_role::worker}, .same_machine = true},
                {.decide = [](const auto&) { return hello_verdict::accept(); },
                 .connected = [&](connection c) { accepted.push(std::move(c)); }}};
  bob.mover->introduce(worker_id{3}, to_string(peer.where()));
  bob.say(request_value{worker_id{3}, task_a});
  const auto connected = accepted.pop();
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ASSERT_EQ(::getsockname(connected.socket.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  EXPECT_EQ(address.ss_family, AF_UNIX);
}

TEST_F(transferring, a_control_connection_is_refused_at_a_data_port) {
  io_thread io;
  connector::settings how{.key = the_key, .self = {.role = peer_role::client}};
  try {
    connector::connect(io, endpoint::parse(far.where), how);
    FAIL() << "it was let in";
  } catch (const connection_error& error) {
    EXPECT_EQ(error.what(), far.where + " refused: only data moves through this port");
  }
}

TEST_F(transferring, an_idle_connection_is_closed_without_a_word_and_opened_again_when_needed) {
  mailbox<std::string> log;
  process host{the_key,
               [&](auto& how) { how.log = [&](const std::string& sentence) { log.push(sentence); }; }};
  server store{host.data, worker_id{5}, [](task_id task) { return make_value<std::uint64_t>(task.value); }};
  process brief{the_key, [](auto& how) { how.idle_limit = 10ms; }};
  recorder carol{brief.data, worker_id{3}};
  carol.mover->introduce(worker_id{5}, host.where);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    carol.say(request_value{worker_id{5}, task_id{i}});
    EXPECT_EQ(value_as<std::uint64_t>(*carol.hear<value_arrived>().value), i);
    await([&] { return brief.data.connection_count() == 0 && host.data.connection_count() == 0; });
  }
  EXPECT_TRUE(carol.heard.empty()) << "an idle connection's end is nobody's loss";
  EXPECT_TRUE(log.empty());
}
