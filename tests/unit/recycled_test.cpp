#include <weft/detail/recycled.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace weft::detail {
namespace {

struct held {
  void* memory;
  std::size_t size;
  unsigned char mark;
};

held marked(std::size_t size, unsigned char mark) {
  void* const memory = allocate_recycled(size);
  std::memset(memory, mark, size);
  return {memory, size, mark};
}

// Whether nobody else wrote there.
bool intact(const held& its) {
  const auto* bytes = static_cast<const unsigned char*>(its.memory);
  for (std::size_t i = 0; i < its.size; ++i)
    if (bytes[i] != its.mark) return false;
  return true;
}

TEST(recycled, blocks_in_use_do_not_overlap_and_are_aligned) {
  std::vector<held> all;
  for (std::size_t i = 0; i < 20'000; ++i)
    all.push_back(marked(1 + i % 300, static_cast<unsigned char>(i % 251)));
  for (const held& its : all) {
    EXPECT_TRUE(intact(its));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(its.memory) % alignof(std::max_align_t), 0u);
    release_recycled(its.memory, its.size);
  }
}

TEST(recycled, what_one_thread_frees_another_one_gets_undamaged) {
  for (int round = 0; round < 20; ++round) {
    std::vector<held> made;
    std::thread{[&] {
      for (std::size_t i = 0; i < 5000; ++i)
        made.push_back(marked(16 + i % 5 * 16, static_cast<unsigned char>(i % 251)));
    }}.join();
    for (const held& its : made) {
      EXPECT_TRUE(intact(its));
      release_recycled(its.memory, its.size);
    }
  }
}

TEST(recycled, threads_that_make_and_free_at_once_never_share_a_block) {
  std::vector<std::thread> threads;
  std::vector<int> damaged(4);
  for (std::size_t number = 0; number < damaged.size(); ++number)
    threads.emplace_back([&, number] {
      std::vector<held> mine;
      for (std::size_t i = 0; i < 50'000; ++i) {
        mine.push_back(marked(16 + i % 7 * 16, static_cast<unsigned char>(number * 60 + i % 59)));
        if (mine.size() < 300 + i % 200) continue;
        for (std::size_t left = 100; left > 0; --left) {
          damaged[number] += !intact(mine.back());
          release_recycled(mine.back().memory, mine.back().size);
          mine.pop_back();
        }
      }
      for (const held& its : mine)
        release_recycled(its.memory, its.size);
    });
  for (auto& each : threads)
    each.join();
  EXPECT_EQ(damaged, std::vector<int>(4));
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
