#pragma once

#include "runtime/holder/holder_state.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/support/seeded_random.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weft::test {

class world;
class simulated_client;

/// A user's program: it submits graphs of many shapes, drops and cancels futures, waits for some and submits
/// more when they complete. It keeps handles as the real API does, so a slot lives while one of them does.
class user {
 public:
  user(world& its, simulated_client& client);

  void plan_acts();
  /// holder_commands::completed says so.
  void completed(std::uint64_t watcher, task_id task);
  void take_answered(const detail::take_answered& answer);

  /// Whatever is not done may be cancelled from now on.
  void leaves();
  /// Asks for all values whose futures it still has.
  void want_all();
  void drop_all();
  /// Throws a violation unless every future is done and every completion has come; with `values`, unless each
  /// value is here.
  void check_done(bool values) const;

 private:
  void act();
  void submit_graph();
  void submit_chain();
  void submit_tree();
  void submit_fan();
  void submit_notebook();
  void submit_wide();
  void submit_grid();
  void submit_random();
  task_id submit(std::vector<task_id> inputs);
  task_id scatter();
  demands_ptr draw_demands(bool keyed, bool named);
  void watch_some();
  void unwatch_some();
  void react(std::uint64_t watcher, task_id task);
  void add_handle(task_id task) { ++handles_[task]; }
  void drop_handle(task_id task);
  void used(task_id task);
  task_id some_held();

  world& world_;
  simulated_client& client_;
  seeded_random chance_;
  std::vector<task_id> held_;                                     // by the program itself
  std::map<task_id, unsigned> handles_;                           // its own and those of as_completed
  std::map<std::pair<std::uint64_t, task_id>, unsigned> watched_; // completions to come
  std::map<std::uint64_t, task_id> last_completed_; // by watcher: what the next one is combined with
  std::set<std::uint64_t> by_value_;                // watchers that want values
  std::set<task_id> taking_;
  std::map<std::string, task_id> used_keys_; // by whom last
  std::uint64_t next_watcher_ = 1;
  std::uint64_t numbers_ = 1;
  unsigned acts_left_ = 0;
  unsigned reactions_left_ = 30;
  bool gone_ = false;
};

} // namespace weft::test
