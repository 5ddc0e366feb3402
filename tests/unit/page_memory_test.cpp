#include "runtime/core/page_memory.hpp"
#include "tests/unit/marked_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <random>
#include <unistd.h>
#include <vector>

namespace weft::detail {
namespace {

using page = marked_memory<allocate_page, release_page>;

TEST(page_memory, pages_in_use_do_not_overlap_and_are_aligned_whatever_their_size) {
  std::vector<page> all;
  for (const std::size_t size : {std::size_t{1}, std::size_t{8'000}, std::size_t{100'001},
                                 std::size_t{524'288}, std::size_t{524'289}, std::size_t{5'000'000}})
    for (unsigned char i = 0; i < 60 && i < 20'000'000 / size; ++i)
      all.push_back(page::make(size, static_cast<unsigned char>(size % 191 + i)));
  for (const page& its : all) {
    EXPECT_TRUE(its.intact());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(its.memory) % 64, 0u);
    its.release();
  }
}

TEST(page_memory, pages_released_in_any_order_are_given_out_again_undamaged) {
  std::mt19937 random{1}; // any seed
  std::vector<page> all;
  for (int round = 0; round < 10; ++round) {
    while (all.size() < 300)
      all.push_back(page::make(random() % 2 ? 60'000 : 9'000, static_cast<unsigned char>(random() % 251)));
    std::shuffle(all.begin(), all.end(), random);
    for (const std::size_t kept = random() % 100; all.size() > kept; all.pop_back()) {
      EXPECT_TRUE(all.back().intact());
      all.back().release();
    }
  }
  for (const page& its : all)
    its.release();
}

TEST(page_memory, threads_that_take_and_release_at_once_never_share_a_page) {
  const auto size_of = [](std::size_t) { return std::size_t{20'000}; };
  EXPECT_EQ(count_damaged_by_threads<page>(500, 30, size_of), 0);
}

// Under a sanitizer each page has a life of its own, and none is kept.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// What the process has mapped, in MiB.
std::size_t mapped() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) >> 20;
}

// Takes and releases 400 MiB.
void flood() {
  constexpr std::size_t size = 524'288;
  std::vector<void*> pages;
  while (pages.size() < 800)
    pages.push_back(allocate_page(size));
  for (void* const page : pages)
    release_page(page, size);
}

TEST(page_memory, a_flood_is_kept_for_the_next_and_given_back_when_none_has_come) {
  trim_page_memory();
  trim_page_memory();
  const std::size_t before = mapped();
  flood();
  trim_page_memory();
  const std::size_t flooded = mapped();
  EXPECT_GE(flooded, before + 250);
  flood();
  EXPECT_LT(mapped(), flooded + 4); // not a region more
  trim_page_memory();
  EXPECT_GT(mapped() + 4, flooded); // the second flood has needed them
  trim_page_memory();
  EXPECT_LE(mapped(), before + 150);
}

#endif

} // namespace
} // namespace weft::detail
