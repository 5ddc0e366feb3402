// A short, reproducible run of a fuzz target for ctest: each seed as it is, then seeds changed at random by a
// generator of numbers that is always the same. An argument is the number of changed inputs to try (default
// 200000).

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

using weft::test::fuzz_input;

namespace {

fuzz_input changed(const std::vector<fuzz_input>& seeds, std::mt19937& random) {
  auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  auto input = seeds[below(seeds.size())];
  for (auto changes = 1 + below(6); changes > 0; --changes) {
    auto at = below(input.size());
    auto begin = input.begin() + static_cast<std::ptrdiff_t>(at);
    auto end = begin + static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(input.size() - at, 32) + 1));
    switch (below(7)) {
    case 0:
      if (!input.empty()) *begin ^= static_cast<std::uint8_t>(1u << below(8));
      break;
    case 1:
      if (!input.empty()) *begin = static_cast<std::uint8_t>(random());
      break;
    case 2: // numbers on the edge
      if (!input.empty()) *begin = std::uint8_t("\x00\x01\x7f\x80\xfe\xff"[below(6)]);
      break;
    case 3:
      input.erase(begin, end);
      break;
    case 4: {
      fuzz_input again{begin, end};
      input.insert(input.begin() + static_cast<std::ptrdiff_t>(below(input.size() + 1)), again.begin(),
                   again.end());
      break;
    }
    case 5:
      input.resize(at);
      break;
    default: {
      const auto& other = seeds[below(seeds.size())];
      input.resize(at);
      input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(below(other.size() + 1)),
                   other.end());
    }
    }
  }
  return input;
}

} // namespace

int main(int argc, char** argv) {
  const auto rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 200'000;
  const auto seeds = weft::test::fuzz_seeds();
  for (const auto& seed : seeds)
    LLVMFuzzerTestOneInput(seed.data(), seed.size());
  std::mt19937 random{20'240'601};
  for (unsigned long round = 0; round < rounds; ++round) {
    const auto input = changed(seeds, random);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu seeds and %lu changed inputs\n", seeds.size(), rounds);
}
