#include "runtime/core/page_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
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
  void* const memory = allocate_page(size);
  std::memset(memory, mark, size);
  return {memory, size, mark};
}

// Whether nobody else wrote there.
bool intact(const held& its) {
  const auto* bytes = static_cast<const unsigned char*>(its.memory);
  return std::all_of(bytes, bytes + its.size, [&](unsigned char byte) { return byte == its.mark; });
}

TEST(page_memory, pages_in_use_do_not_overlap_and_are_aligned_whatever_their_size) {
  std::vector<held> all;
  for (const std::size_t size : {std::size_t{1}, std::size_t{8'000}, std::size_t{100'001},
                                 std::size_t{524'288}, std::size_t{524'289}, std::size_t{5'000'000}})
    for (unsigned char i = 0; i < 60 && i < 20'000'000 / size; ++i)
      all.push_back(marked(size, static_cast<unsigned char>(size % 191 + i)));
  for (const held& its : all) {
    EXPECT_TRUE(intact(its));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(its.memory) % 64, 0u);
    release_page(its.memory, its.size);
  }
}

TEST(page_memory, pages_released_in_any_order_are_given_out_again_undamaged) {
  std::mt19937 random{1}; // any seed
  std::vector<held> all;
  for (int round = 0; round < 10; ++round) {
    while (all.size() < 300)
      all.push_back(marked(random() % 2 ? 60'000 : 9'000, static_cast<unsigned char>(random() % 251)));
    std::shuffle(all.begin(), all.end(), random);
    for (const std::size_t kept = random() % 100; all.size() > kept; all.pop_back()) {
      EXPECT_TRUE(intact(all.back()));
      release_page(all.back().memory, all.back().size);
    }
  }
  for (const held& its : all)
    release_page(its.memory, its.size);
}

TEST(page_memory, threads_that_take_and_release_at_once_never_share_a_page) {
  std::vector<std::thread> threads;
  std::vector<int> damaged(4);
  for (std::size_t number = 0; number < damaged.size(); ++number)
    threads.emplace_back([&, number] {
      std::vector<held> mine;
      for (std::size_t i = 0; i < 500; ++i) {
        mine.push_back(marked(20'000, static_cast<unsigned char>(number * 60 + i % 59)));
        if (mine.size() < 30 + i % 20) continue;
        for (std::size_t left = 25; left > 0; --left) {
          damaged[number] += !intact(mine.back());
          release_page(mine.back().memory, mine.back().size);
          mine.pop_back();
        }
      }
      for (const held& its : mine)
        release_page(its.memory, its.size);
    });
  for (auto& each : threads)
    each.join();
  EXPECT_EQ(damaged, std::vector<int>(4));
}

} // namespace
} // namespace weft::detail
