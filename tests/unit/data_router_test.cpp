// Mostly routers without a transfer service: everybody lives in this process.

#include "runtime/services/data_router.hpp"
#include "tests/support/fake_values.hpp"
#include "tests/unit/transfer_processes.hpp"

#include <weft/detail/typed_value.hpp>

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::detail;

namespace {

constexpr worker_id alice{1};
constexpr worker_id bob{2};
constexpr client_id client{1};
constexpr task_id task{77};

struct silent_bell final : bell {
  void ring() override {}
};

struct told_bell final : bell {
  void ring() override { rings.push(true); }
  test::mailbox<bool> rings;
};

std::string where_nobody_listens() {
  test::process ended{test::the_key};
  return ended.where;
}

// A worker or client that listens.
template <class Id, class Event>
struct party {
  party(data_router& router, Id self) : mover(router.attach(self, {box, std::make_shared<silent_bell>()})) {}

  template <class... Commands>
  void say(Commands... commands) {
    std::vector<transfer_command> all;
    (all.emplace_back(std::move(commands)), ...);
    mover->perform(all);
    EXPECT_TRUE(all.empty());
  }
  std::vector<Event> heard() {
    std::vector<Event> events;
    box->take(events);
    return events;
  }
  /// The only thing heard.
  template <class Wanted>
  Wanted hear() {
    auto events = heard();
    EXPECT_EQ(events.size(), 1u);
    return std::get<Wanted>(events.at(0));
  }

  std::shared_ptr<outbox<Event>> box = std::make_shared<outbox<Event>>();
  std::unique_ptr<data_mover> mover;
};
using worker_party = party<worker_id, worker_event>;
using client_party = party<client_id, holder_event>;

class data_router_test : public testing::Test {
 protected:
  std::shared_ptr<data_router> router = std::make_shared<data_router>();
};

TEST_F(data_router_test, a_worker_gets_the_very_object_that_another_one_has) {
  worker_party asks{*router, alice}, has{*router, bob};
  asks.say(request_value{bob, task});
  const auto question = has.hear<value_requested>();
  EXPECT_EQ(question.task, task);
  const auto value = test::make_fake(5);
  has.say(send_value{question.requester, task, value});
  const auto answer = asks.hear<value_arrived>();
  EXPECT_EQ(answer.from, bob);
  EXPECT_EQ(answer.value, value);
}

TEST_F(data_router_test, who_has_it_no_more_says_so) {
  worker_party asks{*router, alice}, had{*router, bob};
  asks.say(request_value{bob, task});
  had.say(send_moved{had.hear<value_requested>().requester, task});
  EXPECT_EQ(asks.hear<value_moved>().from, bob);
}

TEST_F(data_router_test, a_client_and_a_worker_of_the_same_number_are_not_mixed_up) {
  worker_party has{*router, bob}, same{*router, alice};
  client_party asks{*router, client};
  asks.say(request_value{bob, task});
  has.say(send_value{has.hear<value_requested>().requester, task, test::make_fake(5)});
  const auto answer = asks.hear<value_fetched>();
  EXPECT_EQ(test::number_in(answer.value), 5u);
  EXPECT_EQ(answer.from, bob);
  EXPECT_TRUE(same.heard().empty());
}

TEST_F(data_router_test, a_scattered_datum_reaches_its_worker) {
  worker_party stores{*router, alice};
  client_party puts{*router, client};
  puts.say(put_value{alice, task, test::make_fake(9)});
  EXPECT_EQ(test::number_in(stores.hear<value_put>().value), 9u);
}

TEST_F(data_router_test, asking_who_is_not_there_is_answered_at_once) {
  worker_party worker{*router, alice};
  client_party asks{*router, client};
  worker.say(request_value{bob, task});
  EXPECT_EQ(worker.hear<peer_unreachable>().worker, bob);
  asks.say(request_value{bob, task});
  const auto answer = asks.hear<value_unreachable>();
  EXPECT_EQ(answer.from, bob);
  EXPECT_EQ(answer.task, task);
}

TEST_F(data_router_test, a_client_whose_data_does_not_reach_a_worker_of_another_process_is_told) {
  io_thread io;
  const auto remote = std::make_shared<transfer>(io, test::process::settings_with(test::the_key, {}));
  const auto connected = std::make_shared<data_router>(remote);
  const auto told = std::make_shared<told_bell>();
  const auto box = std::make_shared<outbox<holder_event>>();
  const auto mover = connected->attach(client, {box, told});
  mover->introduce(alice, where_nobody_listens());
  std::vector<transfer_command> commands;
  commands.emplace_back(put_value{alice, task, make_value<int>(9)});
  mover->perform(commands);
  told->rings.pop();
  std::vector<holder_event> heard;
  box->take(heard);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(std::get<worker_unreachable>(heard[0]).worker, alice);
}

TEST_F(data_router_test, who_waits_for_a_worker_that_goes_is_told) {
  worker_party waits{*router, alice};
  client_party waits_too{*router, client};
  auto goes = std::make_unique<worker_party>(*router, bob);
  waits.say(request_value{bob, task});
  waits_too.say(request_value{bob, task});
  goes.reset();
  auto heard = waits.heard();
  EXPECT_TRUE(std::any_of(heard.begin(), heard.end(), [](const worker_event& event) {
    const auto* gone = std::get_if<peer_unreachable>(&event);
    return gone && gone->worker == bob;
  }));
  EXPECT_EQ(waits_too.hear<value_unreachable>().task, task);
}

TEST_F(data_router_test, a_client_that_was_answered_is_not_told_again_when_the_worker_goes) {
  auto goes = std::make_unique<worker_party>(*router, bob);
  client_party asks{*router, client};
  asks.say(request_value{bob, task});
  goes->say(send_value{goes->hear<value_requested>().requester, task, test::make_fake(5)});
  asks.heard();
  goes.reset();
  EXPECT_TRUE(asks.heard().empty());
}

TEST_F(data_router_test, the_questions_of_who_goes_are_void) {
  worker_party asked{*router, alice};
  auto asks = std::make_unique<worker_party>(*router, bob);
  asks->say(request_value{alice, task});
  const auto question = asked.hear<value_requested>();
  asks.reset();
  auto heard = asked.heard();
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(std::get<requester_gone>(heard.at(0)).requester, question.requester);
  asked.say(send_value{question.requester, task, test::make_fake(5)}); // to nobody
}

TEST_F(data_router_test, several_commands_reach_each_receiver_in_order) {
  worker_party asks{*router, alice}, has{*router, bob};
  asks.say(request_value{bob, task_id{1}}, request_value{bob, task_id{2}}, request_value{bob, task_id{3}});
  auto questions = has.heard();
  ASSERT_EQ(questions.size(), 3u);
  for (std::uint64_t i = 0; i < 3; ++i)
    EXPECT_EQ(std::get<value_requested>(questions[i]).task, task_id{i + 1});
}

} // namespace
