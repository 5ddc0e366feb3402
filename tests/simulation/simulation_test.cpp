#include "tests/simulation/world.hpp"

#include <gtest/gtest.h>

// The method: a seed draws a plan, the plan is played, the ledger and the machines' own checks throw when a
// promise is broken. A failure names its seed; `weft_simulate SEED` tells the story.
namespace weft::test {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds = 400;
constexpr std::uint64_t seeds_watched_closely = 100;
#elif defined(__SANITIZE_ADDRESS__) || !defined(NDEBUG)
constexpr std::uint64_t seeds = 1'000;
constexpr std::uint64_t seeds_watched_closely = 100;
#else
constexpr std::uint64_t seeds = 20'000;
constexpr std::uint64_t seeds_watched_closely =
    2'000; // invariants are checked after each step; else now and then
#endif
constexpr std::uint64_t shares = 4; // so that several cores have something to do

std::string name_of(std::uint64_t seed) {
  return "seed " + std::to_string(seed);
}

class some_seeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(some_seeds, break_no_promise) {
  for (std::uint64_t seed = GetParam() + 1; seed <= seeds; seed += shares) {
    story tale;
    const std::uint64_t check_every = seed <= seeds_watched_closely ? 1 : 8;
    EXPECT_EQ(play(plan::from(seed), {.check_every = check_every}, tale), "") << name_of(seed);
  }
}

INSTANTIATE_TEST_SUITE_P(simulation, some_seeds, ::testing::Range(std::uint64_t{0}, shares));

TEST(simulation, the_same_seed_gives_the_same_trace) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    story once;
    story again;
    once.hashed = again.hashed = true;
    play(plan::from(seed), {}, once);
    play(plan::from(seed), {}, again);
    EXPECT_EQ(once.hash(), again.hash()) << name_of(seed);
  }
}

TEST(simulation, another_seed_gives_another_trace) {
  story one;
  story other;
  one.hashed = other.hashed = true;
  play(plan::from(1), {}, one);
  play(plan::from(2), {}, other);
  EXPECT_NE(one.hash(), other.hash());
}

class a_planted_fault : public ::testing::TestWithParam<named_fault> {};

TEST_P(a_planted_fault, is_found_within_two_thousand_seeds) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    story tale;
    if (!play(plan::from(seed), {.fault = GetParam().fault}, tale).empty()) {
      RecordProperty("seed", std::to_string(seed));
      return;
    }
  }
  FAIL() << "no seed finds it";
}

INSTANTIATE_TEST_SUITE_P(simulation, a_planted_fault, ::testing::ValuesIn(planted_faults),
                         [](const auto& info) { return std::string(info.param.name); });

} // namespace
} // namespace weft::test
