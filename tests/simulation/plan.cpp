#include "tests/simulation/plan.hpp"

#include <sstream>

namespace weft::test {

namespace {

constexpr std::int64_t microsecond = 1'000;
constexpr std::int64_t millisecond = 1'000'000;

} // namespace

plan plan::from(std::uint64_t seed) {
  seeded_random chance(seed ^ 0x5eed);
  const auto upto = [&](unsigned most) { return static_cast<unsigned>(chance.below(most + 1)); };
  const auto often = [&](unsigned permille, unsigned most) {
    return chance.chance(permille) ? 1 + upto(most - 1) : 0;
  };

  plan its;
  its.seed = seed;
  its.workers = 1 + upto(4);
  its.workers_most = its.workers + 3;
  its.threads_most = 1 + upto(2);
  its.clients = chance.chance(300) ? 2 + upto(1) : 1;
  its.acts = 4 + upto(14);

  its.delay_least = microsecond;
  its.delay_most = chance.chance(500) ? 50 * microsecond : 3 * millisecond;
  its.act_gap = chance.chance(500) ? 100 * microsecond : 2 * millisecond;
  // Long runs bring deadlines into play, short ones make batches.
  const std::int64_t run_times[] = {5 * microsecond, 300 * microsecond, 5 * millisecond, 2'000 * millisecond};
  its.run_time = run_times[chance.below(4)];
  its.horizon = its.acts * its.act_gap + 4 * its.run_time;
  its.takes_several = chance.chance(500);
  its.shares_process = chance.chance(300);
  its.reports_directly = its.shares_process && chance.chance(700);

  its.throws_some = often(300, 150);
  its.throws = often(300, 60);
  its.large = often(500, 500);
  its.restricted = often(300, 200);
  its.prioritised = often(300, 300);
  its.keyed = often(200, 200);
  its.other_module = often(100, 100);

  its.releases = upto(4);
  its.cancels = often(400, 3);
  its.watches = upto(4);
  its.wants = upto(3);
  its.takes = often(300, 3);
  its.scatters = often(400, 4);
  its.drops_intermediates = chance.chance(500) ? upto(1000) : 0;

  its.joins = often(400, 3);
  its.retirements = often(300, 2);
  if (chance.chance(650)) { // the others are calm
    its.deaths = often(500, 4);
    its.cuts = often(350, 3);
    its.stalls = often(300, 3);
    its.data_cuts = often(350, 5);
    its.kills = often(120, 15);
  }
  its.secedes = often(300, 400);
  its.client_ends = its.clients > 1 && chance.chance(400) ? 1 : 0;
  its.points = often(250, 200);
  return its;
}

std::string plan::text() const {
  std::ostringstream out;
  out << "seed " << seed << ": " << workers << " workers of up to " << threads_most << " threads, " << clients
      << " clients of " << acts << " acts";
  const auto knob = [&](const char* name, std::int64_t value) {
    if (value != 0) out << ", " << name << ' ' << value;
  };
  knob("delay_most", delay_most);
  knob("act_gap", act_gap);
  knob("run_time", run_time);
  knob("takes_several", takes_several);
  knob("shares_process", shares_process);
  knob("reports_directly", reports_directly);
  knob("throws_some", throws_some);
  knob("throws", throws);
  knob("kills", kills);
  knob("large", large);
  knob("restricted", restricted);
  knob("prioritised", prioritised);
  knob("secedes", secedes);
  knob("keyed", keyed);
  knob("other_module", other_module);
  knob("points", points);
  knob("releases", releases);
  knob("cancels", cancels);
  knob("watches", watches);
  knob("wants", wants);
  knob("takes", takes);
  knob("scatters", scatters);
  knob("drops_intermediates", drops_intermediates);
  knob("deaths", deaths);
  knob("cuts", cuts);
  knob("stalls", stalls);
  knob("retirements", retirements);
  knob("joins", joins);
  knob("data_cuts", data_cuts);
  knob("client_ends", client_ends);
  return out.str();
}

} // namespace weft::test
