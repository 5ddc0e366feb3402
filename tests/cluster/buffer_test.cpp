#include "tests/cluster/cluster_modes.hpp"

#include <cstdint>
#include <fstream>
#include <numeric>
#include <sstream>

namespace {

using numbers = weft::buffer<double>;

constexpr std::size_t large = 1 << 20;

numbers ramp(std::size_t size) {
  numbers result(size);
  double next = 0;
  for (auto& element : result.writable())
    element = next++;
  return result;
}

double sum(const numbers& of) {
  return std::accumulate(of.begin(), of.end(), 0.0);
}

numbers doubled(numbers of) {
  for (auto& element : of.writable())
    element *= 2;
  return of;
}

// How this process has mapped the memory there, as "r--s".
std::string mapping_of(const void* address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::string permissions;
    words >> std::hex >> begin >> dash >> end >> permissions;
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    if (at >= begin && at < end) return permissions;
  }
  return "nothing is mapped there";
}

std::string mapping_here(const numbers& of) {
  return mapping_of(of.data());
}

double sum_of_all(const std::vector<numbers>& all) {
  double total = 0;
  for (const auto& one : all)
    total += sum(one);
  return total;
}

class buffers : public weft::test::both_modes {
 protected:
  std::vector<std::string> workers() {
    std::vector<std::string> names;
    for (const auto& worker : client_.workers())
      names.push_back(worker.name);
    return names;
  }
};

} // namespace

WEFT_IN_BOTH_MODES(buffers);

TEST_P(buffers, of_any_size_are_results) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, large}) {
    const auto made = client_.submit(ramp, size);
    ASSERT_EQ(made.result().size(), size);
    if (size != 0) {
      EXPECT_EQ(made.result()[size - 1], static_cast<double>(size - 1));
    }
  }
}

TEST_P(buffers, are_arguments_wherever_they_were_made) {
  constexpr double expected = static_cast<double>(large) * (large - 1) / 2;
  const auto names = workers();
  const auto made = client_.submit({.workers = {names[0]}}, ramp, large);
  for (const auto& name : names)
    EXPECT_EQ(client_.submit({.workers = {name}}, sum, made).result(), expected);
  EXPECT_EQ(client_.submit(sum, ramp(1000)).result(), 499'500);
  EXPECT_EQ(client_.submit(sum_of_all, std::vector{made, client_.submit(ramp, large)}).result(),
            2 * expected);
}

TEST_P(buffers, are_scattered_and_gathered) {
  const auto put = client_.scatter(ramp(large));
  EXPECT_EQ(client_.submit(sum, put).result(), sum(ramp(large)));
  const auto all = client_.gather(std::vector{put, client_.submit(ramp, large)});
  EXPECT_EQ(all.at(0)[large - 1], large - 1);
  EXPECT_EQ(all.at(1)[large - 1], large - 1);
}

TEST_P(buffers, that_a_task_changes_are_its_own) {
  const auto made = client_.submit(ramp, large);
  EXPECT_EQ(client_.submit(doubled, made).result()[7], 14);
  EXPECT_EQ(made.result()[7], 7);
}

TEST_P(buffers, are_read_in_the_memory_in_which_they_were_built) {
  const auto names = workers();
  const auto made = client_.submit({.workers = {names[0]}}, ramp, large);
  const std::string own = "rw-s", passed = processes() ? "r--s" : own;
  EXPECT_EQ(client_.submit({.workers = {names[0]}}, mapping_here, made).result(), own);
  EXPECT_EQ(client_.submit({.workers = {names[1]}}, mapping_here, made).result(), passed);
  EXPECT_EQ(mapping_of(made.result().data()), passed);
}
