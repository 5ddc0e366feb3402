#include "actors/cluster_members.hpp"
#include "actors/peer_identity.hpp"
#include "actors/speaks_for.hpp"

#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <future>

using namespace weft;
using namespace weft::detail;

namespace {

TEST(cluster_members_test, a_name_is_free_again_when_its_worker_has_gone_but_its_number_is_not) {
  cluster_members members;
  const auto first = members.add_worker("alice");
  ASSERT_TRUE(first);
  EXPECT_FALSE(members.add_worker("alice"));
  EXPECT_TRUE(members.remove_worker(first->id));
  EXPECT_FALSE(members.remove_worker(first->id));
  const auto second = members.add_worker("alice");
  ASSERT_TRUE(second);
  EXPECT_NE(second->id, first->id);
  EXPECT_EQ(members.worker_named("alice"), second->id);
}

TEST(cluster_members_test, made_up_names_avoid_those_that_are_taken) {
  cluster_members members;
  members.add_worker("worker-2");
  EXPECT_NE(members.add_worker("")->name, "worker-2");
  EXPECT_EQ(members.worker_names().size(), 2u);
}

TEST(cluster_members_test, who_waits_for_a_worker_hears_whether_it_joined) {
  cluster_members members;
  EXPECT_FALSE(members.wait_until_joined("nobody"));
  const auto alice = members.add_worker("alice");
  const auto bob = members.add_worker("bob");
  const auto carol = members.add_worker("carol");
  const auto wait_for = [&](const char* name) {
    return std::async(std::launch::async, [&members, name] { return members.wait_until_joined(name); });
  };
  auto joins = wait_for("alice");
  auto goes = wait_for("bob");
  auto ends = wait_for("carol");
  members.mark_joined(alice->id);
  EXPECT_TRUE(joins.get());
  members.remove_worker(bob->id);
  EXPECT_FALSE(goes.get());
  members.remove_worker(alice->id);
  EXPECT_TRUE(members.wait_until_joined("alice")); // who asks late, and it has left since
  members.end();
  EXPECT_FALSE(ends.get());
}

TEST(peer_identity_test, what_a_scheduler_tells_comes_back_even_with_spaces_in_the_name) {
  const auto identity = decode_identity(encode_identity({7, "the second worker"}));
  EXPECT_EQ(identity.id, 7u);
  EXPECT_EQ(identity.name, "the second worker");
}

TEST(peer_identity_test, no_number_is_refused) {
  EXPECT_THROW(decode_identity(""), decode_error);
  EXPECT_THROW(decode_identity("alice"), decode_error);
  EXPECT_THROW(decode_identity("0 alice"), decode_error);
  EXPECT_THROW(decode_identity("12"), decode_error);
}

TEST(speaks_for_test, clients_speak_of_their_own_tasks_and_workers_for_themselves) {
  const client_id client{3};
  const scheduler_event own = release_task{task_id::make(client, 1)};
  const scheduler_event foreign = release_task{task_id::make(client_id{4}, 1)};
  EXPECT_TRUE(speaks_for(own, client));
  EXPECT_FALSE(speaks_for(foreign, client));
  const scheduler_event question = describe_cluster{client_id{4}, 1};
  EXPECT_FALSE(speaks_for(question, client));
  const scheduler_event report = task_kept{worker_id{2}, task_id{1}, run_id{1}};
  EXPECT_TRUE(speaks_for(report, worker_id{2}));
  EXPECT_FALSE(speaks_for(report, worker_id{3}));
  EXPECT_FALSE(speaks_for(report, client));
}

} // namespace
