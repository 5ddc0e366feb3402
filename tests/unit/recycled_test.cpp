#include "tests/unit/marked_memory.hpp"

#include <weft/detail/recycled.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <thread>
#include <vector>

namespace weft::detail {
namespace {

using block = marked_memory<allocate_recycled, release_recycled>;

TEST(recycled, blocks_in_use_do_not_overlap_and_are_aligned) {
  std::vector<block> all;
  for (std::size_t i = 0; i < 20'000; ++i)
    all.push_back(block::make(1 + i % 300, static_cast<unsigned char>(i % 251)));
  for (const block& its : all) {
    EXPECT_TRUE(its.intact());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(its.memory) % alignof(std::max_align_t), 0u);
    its.release();
  }
}

TEST(recycled, what_one_thread_frees_another_one_gets_undamaged) {
  for (int round = 0; round < 20; ++round) {
    std::vector<block> made;
    std::thread{[&] {
      for (std::size_t i = 0; i < 5000; ++i)
        made.push_back(block::make(16 + i % 5 * 16, static_cast<unsigned char>(i % 251)));
    }}.join();
    for (const block& its : made) {
      EXPECT_TRUE(its.intact());
      its.release();
    }
  }
}

TEST(recycled, threads_that_make_and_free_at_once_never_share_a_block) {
  const auto size_of = [](std::size_t i) { return 16 + i % 7 * 16; };
  EXPECT_EQ(count_damaged_by_threads<block>(50'000, 300, size_of), 0);
}

struct base : recycled {
  virtual ~base() = default;
};
struct alignas(64) wide final : base {
  char bytes[100];
};
struct large final : base {
  char bytes[1000];
};

TEST(recycled, objects_that_are_wide_or_large_lie_right_and_end_through_their_base) {
  std::set<base*> all;
  for (int i = 0; i < 1000; ++i) {
    auto* const its = new wide;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(its) % 64, 0u);
    all.insert(its);
    all.insert(new large);
  }
  EXPECT_EQ(all.size(), 2000u);
  for (base* const its : all)
    delete its;
}

} // namespace
} // namespace weft::detail
