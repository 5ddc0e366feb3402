// take() while somebody else may still read the value.

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace weft {
namespace {

std::unique_ptr<int> make_seven() {
  return std::make_unique<int>(7);
}

class take : public ::testing::Test {
 protected:
  ~take() override { may_end_ = true; }

  /// A task that has begun to read the value; it goes on after it was cancelled.
  future<int> begin_reading(const future<std::unique_ptr<int>>& value) {
    auto reader = client_.submit(
        [this](const std::unique_ptr<int>& its) {
          begun_ = true;
          while (!may_end_)
            std::this_thread::yield();
          read_ = its ? *its : 0;
          ended_ = true;
          return 0;
        },
        value);
    while (!begun_)
      std::this_thread::yield();
    return reader;
  }

  std::atomic<bool> begun_{false};
  std::atomic<bool> may_end_{false};
  std::atomic<bool> ended_{false};
  std::atomic<int> read_{0};
  local_cluster cluster_{{.workers = 2, .threads_per_worker = 2}};
  client client_{cluster_};
};

TEST_F(take, waits_for_a_task_that_nobody_wants_any_more_and_that_reads_the_value) {
  auto value = client_.submit(make_seven);
  begin_reading(value).cancel();
  std::thread late{[this] {
    while (client_.workers().empty())
      std::this_thread::yield();
    may_end_ = true;
  }};
  EXPECT_EQ(*value.take(), 7);
  EXPECT_TRUE(ended_);
  EXPECT_EQ(read_, 7);
  late.join();
}

TEST_F(take, of_a_closed_client_is_refused_because_a_task_may_still_read_the_value) {
  auto value = client_.submit(make_seven);
  const auto reader = begin_reading(value);
  EXPECT_EQ(*value.result(), 7);
  client_.close();
  EXPECT_THROW(value.take(), cancelled_error);
  EXPECT_EQ(*value.result(), 7);
}

} // namespace
} // namespace weft
