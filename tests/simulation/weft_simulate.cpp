#include "tests/simulation/world.hpp"

#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// weft_simulate: plays seeds of the simulator, and tells one of them.
namespace {

using namespace weft::test;

constexpr const char* usage = R"(usage: weft_simulate SEED [--fault NAME] [--steps N]
       weft_simulate --seeds FROM-TO [--fault NAME] [--steps N]
       weft_simulate --faults
       weft_simulate --help

Plays a whole cluster (scheduler, workers, clients, links that die) in one thread and simulated time; what happens
follows from the seed alone.

  SEED               plays this seed and prints its story, line by line: simulated time, who, what
  --seeds FROM-TO    plays these seeds and prints those that break a promise
  --steps N          checks all invariants of all machines every N steps (64)
  --fault NAME       builds this mistake into the cluster
  --faults           lists the mistakes that can be built in

Exit codes: 0 no promise was broken, 1 one was, 2 wrong usage.
)";

int wrong(const char* what, std::string_view which) {
  std::fprintf(stderr, "weft_simulate: %s%s%.*s\n%s", what, which.empty() ? "" : ": ",
               static_cast<int>(which.size()), which.data(), usage);
  return 2;
}

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc{} && end == text.data() + text.size();
}

int tell(std::uint64_t seed, planted_fault fault, std::uint64_t check_every) {
  const plan its = plan::from(seed);
  std::printf("%s\n", its.text().c_str());
  story tale;
  tale.printed = tale.hashed = true;
  const std::string broken = play(its, {.fault = fault, .check_every = check_every}, tale);
  std::printf("trace %016llx\n", static_cast<unsigned long long>(tale.hash()));
  if (broken.empty()) {
    std::printf("seed %llu: every promise was kept\n", static_cast<unsigned long long>(seed));
    return 0;
  }
  std::printf("seed %llu: BROKEN: %s\n", static_cast<unsigned long long>(seed), broken.c_str());
  return 1;
}

int play_all(std::uint64_t from, std::uint64_t to, planted_fault fault, std::uint64_t check_every) {
  std::uint64_t broken = 0;
  std::uint64_t steps = 0;
  const std::uint64_t count = to - from + 1; // 0 of all that there are, which nobody will see the end of
  for (std::uint64_t played = 0; played != count; ++played) {
    const std::uint64_t seed = from + played;
    story tale;
    const std::string sentence =
        play(plan::from(seed), {.fault = fault, .check_every = check_every}, tale, &steps);
    if (sentence.empty()) continue;
    ++broken;
    std::printf("seed %llu: BROKEN: %s\n", static_cast<unsigned long long>(seed), sentence.c_str());
  }
  std::printf("%llu seeds, %llu steps, %llu seeds broke a promise\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(steps), static_cast<unsigned long long>(broken));
  return broken == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  std::optional<std::uint64_t> seed;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> seeds;
  std::uint64_t check_every = 64;
  planted_fault fault = planted_fault::none;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto value = [&]() -> std::string_view { return i + 1 < argc ? argv[++i] : ""; };
    std::uint64_t number = 0;
    if (argument == "--help" || argument == "-h") {
      std::printf("%s", usage);
      return 0;
    } else if (argument == "--faults") {
      for (const named_fault& each : planted_faults)
        std::printf("%s\n", std::string(each.name).c_str());
      return 0;
    } else if (argument == "--seeds") {
      const std::string_view range = value();
      const std::size_t dash = range.find('-');
      std::uint64_t last = 0;
      if (dash == range.npos || !read_number(range.substr(0, dash), number) ||
          !read_number(range.substr(dash + 1), last) || last < number)
        return wrong("--seeds wants FROM-TO", range);
      seeds.emplace(number, last);
    } else if (argument == "--steps") {
      const std::string_view text = value();
      if (!read_number(text, check_every) || check_every == 0)
        return wrong("--steps wants a number above 0", text);
    } else if (argument == "--fault") {
      const std::string_view name = value();
      for (const named_fault& each : planted_faults)
        if (each.name == name) fault = each.fault;
      if (fault == planted_fault::none) return wrong("no such fault", name);
    } else if (!seed && read_number(argument, number)) {
      seed = number;
    } else {
      return wrong("what is this", argument);
    }
  }
  if (seed.has_value() == seeds.has_value()) return wrong("say either SEED or --seeds", "");
  return seed ? tell(*seed, fault, check_every) : play_all(seeds->first, seeds->second, fault, check_every);
}
