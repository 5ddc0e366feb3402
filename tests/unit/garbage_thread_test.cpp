#include "runtime/services/garbage_thread.hpp"
#include "runtime/services/thread_role.hpp"
#include "tests/support/no_more_threads.hpp"

#include <weft/detail/typed_body.hpp>
#include <weft/detail/typed_value.hpp>

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace weft::detail {
namespace {

/// Says on which thread it was destroyed.
class witness {
 public:
  explicit witness(std::thread::id& destroyed_on) : destroyed_on_(&destroyed_on) {}
  witness(witness&& other) noexcept : destroyed_on_(std::exchange(other.destroyed_on_, nullptr)) {}
  witness(const witness&) = delete;
  ~witness() {
    if (destroyed_on_) *destroyed_on_ = std::this_thread::get_id();
  }

 private:
  std::thread::id* destroyed_on_;
};

/// What the calling thread is while this lives.
struct runs_actors {
  runs_actors() { this_thread_role().must_not_wait = "on a thread that runs actors"; }
  ~runs_actors() { this_thread_role().must_not_wait = nullptr; }
};

class garbage : public ::testing::Test {
 protected:
  value_ptr make_witness() { return make_value<witness>(destroyed_on_); }
  std::thread::id destroyed_on_;
};

TEST_F(garbage, of_a_users_type_is_destroyed_elsewhere_by_threads_that_run_actors) {
  value_ptr value = make_witness();
  {
    const runs_actors now;
    value = nullptr;
  }
  garbage_thread::drain();
  EXPECT_NE(destroyed_on_, std::thread::id{});
  EXPECT_NE(destroyed_on_, std::this_thread::get_id());
}

TEST_F(garbage, is_destroyed_at_once_by_other_threads) {
  value_ptr value = make_witness();
  value = nullptr;
  EXPECT_EQ(destroyed_on_, std::this_thread::get_id());
}

TEST_F(garbage, is_destroyed_at_once_where_there_is_no_thread_to_be_had) {
  // In a process of its own, which has not begun the thread.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const test::no_more_threads scope;
        const runs_actors now;
        make_witness() = nullptr;
        std::_Exit(destroyed_on_ == std::this_thread::get_id() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(garbage, of_bodies_is_destroyed_elsewhere_with_captures_and_arguments) {
  for (const bool is_capture : {true, false}) {
    destroyed_on_ = {};
    auto kept = std::make_shared<witness>(destroyed_on_);
    body_ptr body = is_capture ? make_body(in_process([kept] {}))
                               : make_body(in_process([](const std::shared_ptr<witness>&) {}), kept);
    kept = nullptr;
    {
      const runs_actors now;
      body = nullptr;
    }
    garbage_thread::drain();
    EXPECT_NE(destroyed_on_, std::thread::id{}) << is_capture;
    EXPECT_NE(destroyed_on_, std::this_thread::get_id()) << is_capture;
  }
}

TEST_F(garbage, that_is_destroyed_may_leave_more) {
  struct holder {
    value_ptr inner;
  };
  value_ptr outer = make_value<holder>(holder{make_witness()});
  {
    const runs_actors now;
    outer = nullptr;
  }
  garbage_thread::drain();
  EXPECT_NE(destroyed_on_, std::this_thread::get_id());
  EXPECT_NE(destroyed_on_, std::thread::id{});
}

struct aggregate {
  std::string name;
};

TEST(users_destructor, is_none_in_what_is_made_of_standard_containers_only) {
  EXPECT_FALSE(has_users_destructor<int>);
  EXPECT_FALSE((has_users_destructor<std::map<std::string, std::vector<std::optional<std::string>>>>));
  EXPECT_FALSE((has_users_destructor<std::tuple<std::string, std::array<std::vector<bool>, 2>, double>>));
  EXPECT_FALSE((has_users_destructor<std::variant<std::unique_ptr<std::string>, const std::string>>));
  EXPECT_TRUE(has_users_destructor<std::shared_ptr<int>>); // its deleter is not known
  EXPECT_TRUE(has_users_destructor<aggregate>);
  EXPECT_TRUE((has_users_destructor<std::vector<std::pair<int, aggregate>>>));
  EXPECT_TRUE((has_users_destructor<std::map<int, std::unique_ptr<aggregate>>>));
}

} // namespace
} // namespace weft::detail
