#pragma once

#include "runtime/holder/holder_state.hpp"
#include "runtime/worker/worker_state.hpp"
#include "tests/simulation/story.hpp"

#include <weft/ids.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace weft::test {

using namespace detail;

enum class behaviour : std::uint8_t {
  returns,
  throws_some, ///< so many times as it may be retried
  throws,
  kills,     ///< its worker dies whenever it runs
  scattered, ///< does not run: a datum
};

/// What the user knows of a task, and what may come of it.
struct task_facts {
  task_id task;
  behaviour behaves = behaviour::returns;
  std::vector<task_id> inputs;
  std::uint64_t value = 0; ///< by serial evaluation
  unsigned throws_left = 0;
  bool other_module = false; ///< lives in a module that few workers have, or is called with a pointer into it
  bool points = false;       ///< the latter

  // What may happen to it, because it may happen to it or to an input.
  bool fails = false; ///< will fail if it is not cancelled first
  bool may_cancel = false;
  bool may_mismatch = false;
  bool may_conflict = false;
  bool may_lose_data = false;
  bool may_be_killed = false;

  bool released = false; ///< said to the scheduler
  bool done_for_good = false;
  slot_status final_status = slot_status::pending;

  // Who computes it, as the messages say.
  run_id last_run;
  bool scattered = false;
  worker_id assigned_to; ///< until a report of this run is heard
  unsigned completed_runs = 0;
  unsigned deaths = 0; ///< workers that died while they ran it, or just after
};

/// The book that is kept beside a simulated cluster: what was asked for, what every message said, who runs
/// what. It knows the promises and throws a violation when one is broken.
class ledger {
 public:
  explicit ledger(bool calm) : calm_(calm) {}

  // -- what the user does
  task_facts& add(task_facts&& facts);
  task_facts& of(task_id task) { return facts_.at(task); }
  void cancelled_by_user(task_id task);
  void cancelled_by_leaving(client_id client);

  // -- what the messages say
  void assigned(worker_id worker, const compute_task& command);
  void scattered(const scatter_task& command);
  void released(task_id task);
  /// A worker's last word on a run.
  void reported(worker_id worker, const scheduler_event& event);
  /// The scheduler hears it.
  void heard(const scheduler_event& event);

  // -- what threads do
  /// `counts` says whether a run at that worker is one that counts: the worker is live and was not told to
  /// stop it.
  void run_begins(worker_id worker, const ready_task& run,
                  const std::function<bool(worker_id, task_id)>& counts);
  void run_ends(worker_id worker, task_id task, run_id run, bool with_result);
  /// It is live no longer. Only one that leaves in order does not die.
  void worker_ended(worker_id worker, bool died);

  // -- what a holder shows
  void shown(const future_slot& slot, task_id task);

 private:
  task_facts* find(task_id task);

  bool calm_;
  std::map<task_id, task_facts> facts_;
  std::map<task_id, std::vector<std::pair<worker_id, run_id>>> running_;
  std::map<worker_id, std::set<task_id>> unheard_; // begun there, and the scheduler has not heard the end
  std::set<std::tuple<worker_id, task_id, run_id, std::size_t>> reports_;
};

} // namespace weft::test
