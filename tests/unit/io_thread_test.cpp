#include "runtime/services/io_thread.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

using weft::detail::io_thread;

TEST(io_thread, runs_what_is_posted_in_order_on_one_thread) {
  io_thread io;
  std::vector<int> seen;
  bool always_current = true;
  for (int i = 0; i < 100; ++i)
    io.post([&, i] {
      seen.push_back(i);
      always_current &= io.is_current();
    });
  io.run([] {});
  EXPECT_TRUE(always_current);
  EXPECT_FALSE(io.is_current());
  ASSERT_EQ(seen.size(), 100u);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(io_thread, run_waits_and_lets_exceptions_pass) {
  io_thread io;
  int answer = 0;
  io.run([&] { io.run([&] { answer = 42; }); });
  EXPECT_EQ(answer, 42);
  EXPECT_THROW(io.run([] { throw std::runtime_error("no"); }), std::runtime_error);
}

TEST(io_thread, after_close_what_is_posted_is_dropped_and_run_runs_here) {
  io_thread io;
  io.close();
  auto token = std::make_shared<int>(1);
  io.post([token] { *token = 2; });
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(*token, 1);
  std::thread::id ran_on;
  io.run([&] { ran_on = std::this_thread::get_id(); });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  io.close();
}
