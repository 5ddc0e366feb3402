#include <weft/time.hpp>

#include "runtime/core/instant.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <ratio>

using namespace std::chrono_literals;
using weft::nanoseconds;

TEST(nanoseconds, are_made_of_every_duration_of_whole_nanoseconds) {
  EXPECT_EQ(nanoseconds(5s).count(), 5'000'000'000);
  EXPECT_EQ(nanoseconds(-100ms).count(), -100'000'000);
  EXPECT_EQ(nanoseconds(7ns).count(), 7);
  EXPECT_EQ(nanoseconds(std::chrono::hours(2)).count(), 7'200'000'000'000);
  EXPECT_EQ((nanoseconds(std::chrono::duration<unsigned char, std::ratio<1, 4>>(200)).count()),
            50'000'000'000);
}

TEST(nanoseconds, of_other_durations_are_rounded_to_the_nearest) {
  using seconds = std::chrono::duration<double>;
  EXPECT_EQ(nanoseconds(seconds(0.3)).count(), 300'000'000);
  EXPECT_EQ(nanoseconds(seconds(-0.3)).count(), -300'000'000);
  EXPECT_EQ((nanoseconds(std::chrono::duration<int, std::pico>(1'501)).count()), 2);
  EXPECT_EQ((nanoseconds(std::chrono::duration<int, std::ratio<1, 3>>(1)).count()), 333'333'333);
  EXPECT_EQ(nanoseconds(seconds(1e300)), nanoseconds::max());
  EXPECT_EQ(nanoseconds(seconds(-1e300)).count(), INT64_MIN);
  EXPECT_EQ(nanoseconds(seconds(std::numeric_limits<double>::quiet_NaN())).count(), 0);
}

TEST(nanoseconds, of_a_longer_time_than_they_can_hold_are_the_longest_there_are) {
  EXPECT_EQ(nanoseconds(std::chrono::hours::max()), nanoseconds::max());
  EXPECT_EQ(nanoseconds(std::chrono::milliseconds::max()), nanoseconds::max());
  EXPECT_EQ(nanoseconds(std::chrono::duration<unsigned long long>::max()), nanoseconds::max());
  EXPECT_EQ(nanoseconds(std::chrono::seconds::min()).count(), INT64_MIN);
}

TEST(nanoseconds, become_those_of_chrono_again_and_compare_with_durations) {
  const nanoseconds limit = 5s;
  const std::chrono::nanoseconds same = limit;
  EXPECT_EQ(same, 5s);
  EXPECT_TRUE(limit == 5s && limit > 4999ms && 1h > limit);
}

TEST(instants, are_moved_by_durations_and_their_difference_is_one) {
  const weft::detail::instant begin{1'000};
  EXPECT_EQ((begin + 2us).nanoseconds, 3'000);
  EXPECT_EQ(begin + 2us - begin, 2us);
}

TEST(durations, are_told_in_the_unit_that_fits) {
  EXPECT_EQ(weft::detail::readable(999ns), "999 ns");
  EXPECT_EQ(weft::detail::readable(18'300ns), "18 µs");
  EXPECT_EQ(weft::detail::readable(999'999ns), "999 µs");
  EXPECT_EQ(weft::detail::readable(3ms), "3 ms");
  EXPECT_EQ(weft::detail::readable(1s), "1 s");
  EXPECT_EQ(weft::detail::readable(2500ms), "2.5 s");
  EXPECT_EQ(weft::detail::readable(1h), "3600 s");
}
