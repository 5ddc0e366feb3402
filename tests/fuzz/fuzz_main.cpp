// A short, reproducible run of a fuzz target for ctest: each seed as it is, then seeds changed at random by a
// generator of numbers that is always the same. An argument is the number of changed inputs to try (default
// 200000), or "0x" and an input, as is printed of one at which the program aborts.

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

using weft::test::fuzz_input;

namespace {

const fuzz_input* in_hand = nullptr;

void try_one(const fuzz_input& input) {
  in_hand = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

void print_input(int) {
  std::fputs("the input was 0x", stderr);
  for (const auto byte : *in_hand)
    std::fprintf(stderr, "%02x", byte);
  std::fputs("\n", stderr);
}

fuzz_input read_input(std::string_view digits) {
  fuzz_input input;
  for (; digits.size() >= 2; digits.remove_prefix(2))
    input.push_back(static_cast<std::uint8_t>(std::stoi(std::string{digits.substr(0, 2)}, nullptr, 16)));
  return input;
}

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
  std::signal(SIGABRT, print_input);
  if (argc > 1 && std::string_view{argv[1]}.starts_with("0x")) {
    const auto input = read_input(argv[1] + 2);
    try_one(input);
    return 0;
  }
  const auto rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 200'000;
  const auto seeds = weft::test::fuzz_seeds();
  for (const auto& seed : seeds)
    try_one(seed);
  std::mt19937 random{20'240'601};
  for (unsigned long round = 0; round < rounds; ++round) {
    const auto input = changed(seeds, random);
    try_one(input);
  }
  std::printf("%zu seeds and %lu changed inputs\n", seeds.size(), rounds);
}
