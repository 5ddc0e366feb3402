// The machines' event interface: bytes become events of any kind, order and staleness, as far as a link lets
// them pass. No machine may break an invariant over what a peer says. The first byte chooses the machine.

#include "tests/fuzz/choices.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cstdio>
#include <cstdlib>
#include <random>

void weft::test::tell(const std::string& line) {
  static const bool wanted = std::getenv("WEFT_FUZZ_STORY") != nullptr;
  if (wanted) std::fprintf(stderr, "%s\n", line.c_str());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  using namespace weft::test;
  choices from{std::span{input, size}};
  switch (from.below(3)) {
  case 0:
    play_scheduler(from);
    break;
  case 1:
    play_worker(from);
    break;
  default:
    play_holder(from);
  }
  return 0;
}

// Any bytes are a life of a machine; longer ones come further.
std::vector<weft::test::fuzz_input> weft::test::fuzz_seeds() {
  std::mt19937 random{20'240'602};
  std::vector<fuzz_input> seeds;
  for (std::size_t i = 0; i < 300; ++i) {
    auto& seed = seeds.emplace_back(50 + random() % 400);
    for (auto& byte : seed)
      byte = static_cast<std::uint8_t>(random());
    seed.front() = static_cast<std::uint8_t>(i % 3);
  }
  return seeds;
}
