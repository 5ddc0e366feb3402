#pragma once

#include "tests/simulation/clock.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/link.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/plan.hpp"
#include "tests/simulation/simulated_client.hpp"
#include "tests/simulation/simulated_scheduler.hpp"
#include "tests/simulation/simulated_worker.hpp"
#include "tests/simulation/story.hpp"
#include "tests/support/fake_values.hpp"
#include "tests/support/seeded_random.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weft::test {

/// A whole cluster in one thread: the real machines in simulated shells, over simulated links, in simulated
/// time. What happens follows from the plan alone.
///
/// First the users act and things go wrong; then nothing goes wrong any more, missing workers are replaced,
/// and the world must come to rest with every wanted future done; then every handle is dropped, and it must
/// come to rest with nothing left anywhere.
class world {
  seeded_random chance_; // first: the parts draw from it while they are made

 public:
  world(const plan& its, planted_fault planted);

  /// Plays the whole plan. Throws a violation.
  void run();

  // -- what the parts share
  simulated_clock clock;
  const plan knobs;
  const planted_fault fault;
  story tale;
  ledger facts;
  function_table functions;
  simulated_network network;
  simulated_scheduler scheduler;
  std::uint64_t check_every = 64; ///< steps between two checks of all invariants of all machines

  seeded_random fork() { return chance_.fork(); }
  delays link_delays() const { return {knobs.delay_least, knobs.delay_most}; }
  /// Null if there never was such a worker.
  simulated_worker* worker(worker_id id);
  simulated_client* client(client_id id);
  /// A worker that runs and can be reached by the scheduler.
  bool is_live(worker_id id);
  /// Whether it was asked to leave.
  bool retires(worker_id id) const { return retired_.contains(id); }
  const std::vector<std::unique_ptr<simulated_worker>>& workers() const { return workers_; }

  void kill(worker_id id, ending how);
  /// One of the names that tasks may ask for; in the end there is a worker of each.
  std::string some_name(seeded_random& chance) const;
  std::vector<function_id> usual_functions;
  function_id rare_function; ///< its module is not loaded everywhere
  bool healing = false;

 private:
  void join(std::string name, bool with_rare_module);
  void cut(simulated_worker& its);
  void plan_faults();
  void run_until(instant end);
  void run_dry(const char* when);
  void come_to_rest(const char* when);
  /// Whether somebody had to be.
  bool replace_missing();
  void check_machines();
  void check_done(bool values);
  void check_freed();
  simulated_worker* some_worker();
  std::size_t live_workers();

  std::vector<std::unique_ptr<simulated_worker>> workers_; // by id, from 1
  std::vector<std::unique_ptr<simulated_client>> clients_; // by id, from 1
  std::set<worker_id> retired_;
  std::uint64_t checked_at_ = 0;
};

/// How to play a plan.
struct playing {
  planted_fault fault = planted_fault::none;
  std::uint64_t check_every = 64; ///< steps between two checks of all invariants
};

/// Plays one seed. Returns the violation's sentence, or nothing. `tale` says whether to print and hash; it
/// comes back with the hash. Adds to `steps`, if there is one, how many it took.
std::string play(const plan& its, playing how, story& tale, std::uint64_t* steps = nullptr);

} // namespace weft::test
