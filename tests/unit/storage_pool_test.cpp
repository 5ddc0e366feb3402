#include "runtime/services/storage_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace weft::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t size = storage_pool::block_min;
constexpr instant begin{1'000};
constexpr std::chrono::nanoseconds patience{storage_pool::patience};

TEST(storage_pool, a_block_that_was_kept_is_given_out_again) {
  storage_pool pool;
  void* const block = pool.allocate(size, begin);
  ASSERT_TRUE(pool.keep(block, size, begin));
  void* const again = pool.allocate(size, begin);
  EXPECT_EQ(again, block);
  ::operator delete(again, size);
}

TEST(storage_pool, a_block_of_another_size_is_not_given_out) {
  storage_pool pool;
  void* const block = pool.allocate(size, begin);
  ASSERT_TRUE(pool.keep(block, size, begin));
  void* const other = pool.allocate(size + 8, begin);
  EXPECT_NE(other, block);
  ::operator delete(other, size + 8);
}

TEST(storage_pool, what_was_not_allocated_there_stays_its_owners) {
  storage_pool pool;
  void* const lent = pool.allocate(size, begin);
  void* const own = ::operator new(size);
  EXPECT_FALSE(pool.keep(own, size, begin));
  ::operator delete(own, size);
  EXPECT_TRUE(pool.keep(lent, size, begin));
}

TEST(storage_pool, a_small_block_stays_its_owners) {
  storage_pool pool;
  void* const block = pool.allocate(size - 1, begin);
  EXPECT_FALSE(pool.keep(block, size - 1, begin));
  ::operator delete(block, size - 1);
}

TEST(storage_pool, what_nobody_took_for_a_while_is_freed_and_what_comes_back_later_is_not_kept) {
  storage_pool pool;
  void* const first = pool.allocate(size, begin);
  void* const second = pool.allocate(size, begin);
  ASSERT_TRUE(pool.keep(first, size, begin));
  pool.trim(begin + (patience - 1ns));
  EXPECT_EQ(pool.kept_bytes(), size);
  pool.trim(begin + patience);
  EXPECT_EQ(pool.kept_bytes(), 0u);
  EXPECT_FALSE(pool.keep(second, size, begin + patience));
  ::operator delete(second, size);
}

TEST(storage_pool, keeps_so_much_and_no_more) {
  constexpr std::size_t large = storage_pool::bytes_max / 2;
  storage_pool pool;
  std::vector<void*> blocks;
  for (int i = 0; i < 3; ++i)
    blocks.push_back(pool.allocate(large, begin)); // never touched: it takes no memory
  EXPECT_TRUE(pool.keep(blocks[0], large, begin));
  EXPECT_TRUE(pool.keep(blocks[1], large, begin));
  EXPECT_FALSE(pool.keep(blocks[2], large, begin));
  ::operator delete(blocks[2], large);
  EXPECT_EQ(pool.kept_bytes(), 2 * large);
}

TEST(storage_pool, remembers_of_many_blocks_that_never_come_back_the_last) {
  storage_pool pool;
  std::vector<void*> blocks;
  for (int i = 0; i < 300; ++i)
    blocks.push_back(pool.allocate(size, begin));
  EXPECT_FALSE(pool.keep(blocks.front(), size, begin));
  EXPECT_TRUE(pool.keep(blocks.back(), size, begin));
  blocks.pop_back();
  for (void* const block : blocks)
    ::operator delete(block, size);
}

TEST(storage_pool, threads_never_have_the_same_block) {
  storage_pool pool;
  std::atomic<int> damaged{0};
  std::vector<std::thread> threads;
  for (unsigned char mark = 1; mark <= 4; ++mark)
    threads.emplace_back([&, mark] {
      for (int round = 0; round < 200; ++round) {
        const instant now = begin + round * patience / 50;
        auto* const block = static_cast<unsigned char*>(pool.allocate(size, now));
        std::memset(block, mark, 64);
        std::this_thread::yield();
        damaged += std::memchr(block, mark, 1) != block || block[63] != mark;
        if (!pool.keep(block, size, now)) ::operator delete(block, size);
        if (round % 10 == mark) pool.trim(now);
      }
    });
  for (auto& each : threads)
    each.join();
  EXPECT_EQ(damaged, 0);
}

} // namespace
} // namespace weft::detail
