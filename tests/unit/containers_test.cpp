#include "runtime/core/inline_list.hpp"
#include "runtime/core/outboxes.hpp"
#include "runtime/core/priority_queue.hpp"
#include "runtime/core/task_table.hpp"
#include "tests/support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weft::detail {
namespace {

using list = inline_list<int, 2>;

std::vector<int> contents(const list& its) {
  return {its.begin(), its.end()};
}

task_id task(std::uint32_t client, std::uint64_t sequence) {
  return task_id::make(client_id{client}, sequence);
}

// -- inline_list ---

TEST(inline_list, grows_from_its_inline_places_to_the_heap_and_keeps_its_order) {
  list its;
  std::vector<int> expected;
  for (int i = 0; i < 20; ++i) {
    its.push_back(i);
    expected.push_back(i);
    EXPECT_EQ(contents(its), expected);
  }
}

TEST(inline_list, copies_are_independent_inline_and_on_the_heap) {
  for (const list& original : {list{1, 2}, list{1, 2, 3, 4}}) {
    list copy = original;
    copy[0] = 7;
    copy.push_back(9);
    EXPECT_EQ(original[0], 1);
    EXPECT_EQ(copy.size(), original.size() + 1);
    list assigned{5, 6, 7};
    assigned = original;
    EXPECT_EQ(assigned, original);
  }
}

TEST(inline_list, assigning_to_itself_changes_nothing) {
  list its{1, 2, 3};
  const list& same = its;
  its = same;
  EXPECT_EQ(contents(its), (std::vector{1, 2, 3}));
}

TEST(inline_list, what_was_moved_from_is_empty_and_usable) {
  for (const list& original : {list{1, 2}, list{1, 2, 3, 4}}) {
    list from = original;
    list to = std::move(from);
    EXPECT_EQ(to, original);
    EXPECT_TRUE(from.empty());
    from.push_back(3);
    EXPECT_EQ(contents(from), std::vector{3});
    from = std::move(to);
    EXPECT_EQ(from, original);
  }
}

TEST(inline_list, remove_takes_the_first_of_equals_and_keeps_the_order) {
  list its{4, 5, 4, 6};
  EXPECT_TRUE(its.remove(4));
  EXPECT_EQ(contents(its), (std::vector{5, 4, 6}));
  EXPECT_FALSE(its.remove(9));
  its.remove_if([](int each) { return each > 4; });
  EXPECT_EQ(contents(its), std::vector{4});
  EXPECT_TRUE(its.contains(4));
  EXPECT_FALSE(its.contains(5));
}

TEST(inline_list, lists_that_differ_in_length_are_not_equal) {
  EXPECT_NE(list({1, 2}), list({1, 2, 3}));
  EXPECT_NE(list({1, 2, 3}), list({1, 2}));
  EXPECT_EQ(list(), list());
}

TEST(inline_list, cleared_on_the_heap_it_starts_again_inline) {
  list its{1, 2, 3, 4, 5};
  its.clear();
  EXPECT_TRUE(its.empty());
  its.push_back(8);
  EXPECT_EQ(contents(its), std::vector{8});
}

// -- task_table ---

using table = task_table<std::string, 6>;

std::vector<task_id> ids(table& its) {
  std::vector<task_id> found;
  its.for_each([&](task_id id, std::string&) { found.push_back(id); });
  return found;
}

TEST(task_table, finds_what_was_inserted_and_nothing_else) {
  table its;
  its.insert(task(1, 5), "five");
  its.insert(task(3, 1'000'000), "million");
  EXPECT_EQ(*its.find(task(1, 5)), "five");
  EXPECT_EQ(*its.find(task(3, 1'000'000)), "million");
  for (const task_id absent :
       {task(1, 4), task(1, 6), task(2, 5), task(3, 5), task(1, 5'000'000), task(9, 5), task(3, 1)})
    EXPECT_EQ(its.find(absent), nullptr);
  EXPECT_EQ(its.size(), 2u);
}

TEST(task_table, a_record_stays_where_it_is) {
  table its;
  std::string* first = &its.insert(task(1, 1), "first");
  for (std::uint64_t i = 2; i < 10'000; ++i)
    its.insert(task(1, i), "other");
  for (std::uint64_t i = 2; i < 10'000; ++i)
    its.erase(task(1, i));
  EXPECT_EQ(its.find(task(1, 1)), first);
  EXPECT_EQ(*first, "first");
}

TEST(task_table, knows_the_owner_of_a_record_wherever_it_lies) {
  int whose = 0;
  int other = 0;
  table its(&whose);
  table others(&other);
  // One far from all others, too.
  for (const task_id at : {task(1, 0), task(1, 63), task(1, 64), task(2, 200), task(1'000'000, 5)}) {
    EXPECT_EQ(table::owner_of(its.insert(at, "its"), at), &whose);
    EXPECT_EQ(table::owner_of(others.insert(at, "other's"), at), &other);
  }
}

TEST(task_table, visits_in_the_order_of_ids_whatever_the_order_of_insertion) {
  table its;
  for (const task_id id : {task(2, 7), task(1, 900), task(1, 3), task(2, 1), task(1, 64), task(1, 63)})
    its.insert(id, "x");
  EXPECT_EQ(ids(its),
            (std::vector{task(1, 3), task(1, 63), task(1, 64), task(1, 900), task(2, 1), task(2, 7)}));
  std::vector<task_id> of_two;
  its.for_each_of(client_id{2}, [&](task_id id, std::string&) { of_two.push_back(id); });
  EXPECT_EQ(of_two, (std::vector{task(2, 1), task(2, 7)}));
}

TEST(task_table, a_visitor_may_erase_what_it_is_given) {
  table its;
  for (std::uint64_t i = 1; i <= 500; ++i)
    its.insert(task(1, i), "x");
  std::size_t visited = 0;
  its.for_each([&](task_id id, std::string&) {
    ++visited;
    if (id.sequence() % 3 != 0) its.erase(id);
  });
  EXPECT_EQ(visited, 500u);
  EXPECT_EQ(its.size(), 166u);
}

TEST(task_table, an_id_may_come_again_after_its_page_is_freed) {
  table its;
  for (std::uint64_t i = 1; i <= 200; ++i)
    its.insert(task(1, i), "x");
  for (std::uint64_t i = 1; i <= 200; ++i)
    its.erase(task(1, i));
  EXPECT_EQ(its.size(), 0u);
  its.insert(task(1, 3), "again");
  EXPECT_EQ(*its.find(task(1, 3)), "again");
  EXPECT_EQ(ids(its), std::vector{task(1, 3)});
}

TEST(task_table, ends_its_records_with_itself) {
  const auto counted = std::make_shared<int>(0);
  {
    task_table<std::shared_ptr<int>, 6> its;
    for (std::uint64_t i = 1; i <= 100; ++i)
      its.insert(task(1, i), counted);
    its.erase(task(1, 7));
    EXPECT_EQ(counted.use_count(), 100);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

// Against a std::map, through pages that come, go and come back.
TEST(task_table, agrees_with_a_map_over_a_long_random_history) {
  test::seeded_random chance(17);
  table its;
  std::map<task_id, std::string> model;
  std::uint64_t newest = 1;
  for (int step = 0; step < 50'000; ++step) {
    newest += chance.below(3);
    const std::uint64_t back = chance.chance(900) ? chance.below(200) : chance.below(20'000);
    const task_id id =
        task(static_cast<std::uint32_t>(1 + chance.below(2)), newest - std::min(newest - 1, back));
    std::string* found = its.find(id);
    const auto expected = model.find(id);
    ASSERT_EQ(found != nullptr, expected != model.end());
    if (found) {
      ASSERT_EQ(*found, expected->second);
      its.erase(id);
      model.erase(expected);
    } else {
      its.insert(id, std::to_string(step));
      model.emplace(id, std::to_string(step));
    }
    ASSERT_EQ(its.size(), model.size());
  }
  std::vector<task_id> expected;
  for (const auto& [id, text] : model)
    expected.push_back(id);
  EXPECT_EQ(ids(its), expected);
}

// A peer may name any id. Lists of all pages between these would take some hundred gigabytes.
TEST(task_table, ids_far_from_all_others_are_kept_in_order_and_cost_no_list_of_pages) {
  table its;
  const task_id last = task((1u << 24) - 1, task_id::sequence_max);
  const std::vector<task_id> far{task(1, 5), task(1, 1'000'000'000),  task(1, task_id::sequence_max),
                                 task(2, 1), task(2, 10'000'000'000), task((1u << 24) - 2, 7),
                                 last};
  for (std::size_t i : {4u, 0u, 6u, 3u, 1u, 5u, 2u})
    its.insert(far[i], std::to_string(i));
  for (std::size_t i = 0; i < far.size(); ++i)
    EXPECT_EQ(*its.find(far[i]), std::to_string(i));
  EXPECT_EQ(ids(its), far);
  EXPECT_EQ(its.find(task(1, 999'999'999)), nullptr);
  EXPECT_EQ(its.find(task(3, task_id::sequence_max)), nullptr);
  its.for_each([&](task_id id, std::string&) {
    if (id != last) its.erase(id);
  });
  EXPECT_EQ(ids(its), std::vector{last});
  its.erase(last);
  EXPECT_EQ(its.size(), 0u);
}

// The list of pages grows until it has a page that was far when it was made.
TEST(task_table, agrees_with_a_map_when_what_was_far_comes_near) {
  test::seeded_random chance(18);
  table its;
  std::map<task_id, int> model;
  for (int step = 0; step < 3'000; ++step) {
    const task_id id = task(1, 1 + chance.below(600) * 64 * 1'000);
    if (const auto known = model.find(id); known != model.end() && chance.chance(500)) {
      EXPECT_EQ(*its.find(id), std::to_string(known->second));
      its.erase(id);
      model.erase(known);
    } else if (known == model.end()) {
      ASSERT_EQ(its.find(id), nullptr);
      its.insert(id, std::to_string(step));
      model.emplace(id, step);
    }
  }
  std::vector<task_id> expected;
  for (const auto& [id, step] : model)
    expected.push_back(id);
  EXPECT_EQ(ids(its), expected);
}

// -- priority_queue ---

TEST(priority_queue, gives_the_higher_priority_first_and_equals_in_their_order) {
  priority_queue its;
  its.push_back(0, task(1, 1));
  its.push_back(5, task(1, 2));
  its.push_back(0, task(1, 3));
  its.push_back(-1, task(1, 4));
  its.push_back(5, task(1, 5));
  std::vector<std::uint64_t> order;
  for (; !its.empty(); its.pop_front())
    order.push_back(its.front().sequence());
  EXPECT_EQ(order, (std::vector<std::uint64_t>{2, 5, 1, 3, 4}));
}

TEST(priority_queue, what_is_put_in_front_comes_before_its_equals_only) {
  priority_queue its;
  its.push_back(1, task(1, 1));
  its.push_back(0, task(1, 2));
  its.push_front(0, task(1, 3));
  EXPECT_EQ(its.front(), task(1, 1));
  EXPECT_EQ(its.front_priority(), 1);
  its.pop_front();
  EXPECT_EQ(its.front(), task(1, 3));
  EXPECT_EQ(its.back(), task(1, 2));
}

// Against sorted levels, from both ends, with priorities that come and go.
TEST(priority_queue, agrees_with_sorted_levels_over_a_long_random_history) {
  test::seeded_random chance(23);
  priority_queue its;
  std::map<std::int32_t, std::deque<task_id>, std::greater<>> model;
  std::size_t size = 0;
  for (std::uint64_t step = 1; step < 20'000; ++step) {
    const auto priority = static_cast<std::int32_t>(chance.between(-2, 2));
    switch (chance.below(size > 50 ? 6 : 4)) {
    case 0:
    case 1:
      its.push_back(priority, task(1, step));
      model[priority].push_back(task(1, step));
      ++size;
      break;
    case 2:
      its.push_front(priority, task(1, step));
      model[priority].push_front(task(1, step));
      ++size;
      break;
    case 3:
    case 4:
      if (size == 0) break;
      ASSERT_EQ(its.front(), model.begin()->second.front());
      ASSERT_EQ(its.front_priority(), model.begin()->first);
      its.pop_front();
      model.begin()->second.pop_front();
      if (model.begin()->second.empty()) model.erase(model.begin());
      --size;
      break;
    default:
      ASSERT_EQ(its.back(), std::prev(model.end())->second.back());
      its.pop_back();
      std::prev(model.end())->second.pop_back();
      if (std::prev(model.end())->second.empty()) model.erase(std::prev(model.end()));
      --size;
    }
    ASSERT_EQ(its.size(), size);
    ASSERT_EQ(its.empty(), size == 0);
  }
}

// -- outboxes ---

using boxes = outboxes<std::string, worker_id>;

std::vector<std::pair<std::uint32_t, std::vector<std::string>>> flushed(boxes& its) {
  std::vector<std::pair<std::uint32_t, std::vector<std::string>>> all;
  its.flush(
      [&](worker_id to, std::vector<std::string>& events) { all.emplace_back(to.value, std::move(events)); });
  return all;
}

TEST(outboxes, deliver_each_receivers_events_in_order_and_receivers_in_order_of_first_mention) {
  boxes its;
  its.send(worker_id{3}, "a");
  its.send(worker_id{1}, "b");
  its.send(worker_id{3}, "c");
  using expected = std::vector<std::pair<std::uint32_t, std::vector<std::string>>>;
  EXPECT_EQ(flushed(its), (expected{{3, {"a", "c"}}, {1, {"b"}}}));
  EXPECT_TRUE(its.empty());
  EXPECT_TRUE(flushed(its).empty());
  its.send(worker_id{1}, "d");
  EXPECT_EQ(flushed(its), (expected{{1, {"d"}}}));
}

TEST(outboxes, keep_no_memory_for_receivers_that_are_gone) {
  boxes its;
  std::size_t capacity = 0;
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i)
      its.send(worker_id{1}, "a");
    its.flush([&](worker_id, std::vector<std::string>& events) { capacity = events.capacity(); });
  };
  send(1000);
  send(1);
  EXPECT_GE(capacity, 1000u);
  its.forget(worker_id{1});
  its.forget(worker_id{2});
  send(1);
  EXPECT_LT(capacity, 1000u);
}

} // namespace
} // namespace weft::detail
