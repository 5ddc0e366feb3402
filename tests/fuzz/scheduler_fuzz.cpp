#include "actors/speaks_for.hpp"
#include "runtime/core/check.hpp"
#include "runtime/core/event_text.hpp"
#include "runtime/scheduler/scheduler_state.hpp"
#include "runtime/wire/well_formed.hpp"
#include "tests/fuzz/choices.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <set>

// A scheduler among clients and workers that say whatever passes their links, and sometimes what is right.
namespace weft::test {

using namespace detail;

namespace {

using from_client =
    std::variant<client_joined, client_left, submit_task, fail_task, scatter_task, release_task, cancel_task,
                 locate_value, take_value, explain_task, describe_holders, describe_cluster, retire_worker>;
using from_worker =
    std::variant<task_finished, task_failed, worker_joined, task_started, task_given_back, task_kept,
                 replica_added, input_unreachable, worker_reported, task_seceded, task_rejoined>;

constexpr std::size_t peers_max = 12; // of a kind, in one life

class scheduler_play {
 public:
  explicit scheduler_play(choices& from) : from_(from) {
    const module_id program = functions_.add_module("program", true);
    const module_id library = functions_.add_module("library", false);
    for (std::uint32_t i = 0; i < fuzz_functions; ++i)
      functions_.add_function("f", i + 1 < fuzz_functions ? program : library);
  }

  void play() {
    while (!from_.at_end())
      act();
    for (const client& each : clients_)
      hear(client_left{each.id});
    settle();
    for (const worker& each : workers_)
      hear(worker_lost{each.id, "the end"});
    settle();
    WEFT_CHECK(machine_.task_count() == 0, "nobody is left who wants a task, and nobody who has one");
  }

 private:
  struct client {
    client_id id;
    std::uint64_t sequence = 0;
  };
  struct worker {
    worker_id id;
    std::vector<std::pair<task_id, run_id>> told; // what it was to compute, and asked back
    std::set<worker_id> acquaintances;            // others, of whom it has heard
  };

  void act() {
    switch (from_.below(16)) {
    case 0:
    case 1:
      return settle();
    case 2:
      return worker_joins();
    case 3:
      return worker_goes();
    case 4:
      return client_joins();
    case 5:
      if (!clients_.empty() && from_.below(4) == 0) {
        const std::size_t which = from_.below(clients_.size());
        hear(client_left{clients_[which].id});
        clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(which));
      }
      return;
    case 6:
    case 7:
    case 8:
      return submits();
    case 9:
      return scatters();
    case 10:
    case 11:
    case 12:
      return worker_answers();
    case 13:
      return client_says_anything();
    case 14:
      return worker_says_anything();
    default:
      return lets_go();
    }
  }

  void worker_joins() {
    if (worker_count_ == peers_max) return;
    auto attributes = std::make_shared<worker_attributes>();
    attributes->name = "worker " + std::to_string(++worker_count_);
    fill(from_, attributes->threads);
    attributes->shares_process = from_.below(2) == 0;
    if (from_.below(4) > 0) attributes->modules = {module_id{1}};
    if (from_.below(2) > 0) attributes->modules.push_back(module_id{2});
    workers_.push_back({worker_id{worker_count_}, {}, {}});
    hear(worker_joined{workers_.back().id, attributes});
  }

  void worker_goes() {
    if (workers_.empty()) return;
    const std::size_t which = from_.below(workers_.size());
    hear(worker_lost{workers_[which].id, "it died"});
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void client_joins() {
    if (client_count_ == peers_max) return;
    clients_.push_back({client_id{++client_count_}});
    if (from_.below(4) > 0) hear(client_joined{clients_.back().id, "client"});
  }

  task_id next_task(client& its) { return task_id::make(its.id, ++its.sequence); }

  void submits() {
    if (clients_.empty()) return;
    client& its = clients_[from_.below(clients_.size())];
    submit_task event;
    event.task = next_task(its);
    event.function = {static_cast<std::uint32_t>(1 + from_.below(fuzz_functions))};
    event.priority = static_cast<std::int32_t>(from_.below(3));
    event.retries = static_cast<std::uint32_t>(from_.below(2));
    event.body = make_fake_body(event.function);
    for (std::size_t count = from_.below(4); count > 0; --count) {
      const task_id input = task_id::make(its.id, 1 + from_.below(its.sequence));
      if (input != event.task && !event.inputs.contains(input)) event.inputs.push_back(input);
    }
    if (from_.below(3) == 0) fill(from_, event.demands);
    hear(std::move(event));
  }

  void scatters() {
    if (clients_.empty()) return;
    client& its = clients_[from_.below(clients_.size())];
    scatter_task event{next_task(its), {}, 8, nullptr};
    if (!workers_.empty() && from_.below(4) > 0) event.worker = from_.one_of(workers_).id;
    if (event.worker && from_.below(4) == 0) // the datum is faster
      hear(task_finished{event.worker, event.task, run_id{1}, 0, 8, nullptr});
    if (event.worker)
      std::find_if(workers_.begin(), workers_.end(), [&](const worker& each) {
        return each.id == event.worker;
      })->told.emplace_back(event.task, run_id{1});
    hear(std::move(event));
  }

  void lets_go() {
    if (clients_.empty()) return;
    const client& its = from_.one_of(clients_);
    const task_id task = task_id::make(its.id, 1 + from_.below(its.sequence));
    switch (from_.below(4)) {
    case 0:
      return hear(cancel_task{task, "not wanted"});
    case 1:
      return hear(take_value{task});
    case 2:
      return hear(locate_value{task, workers_.empty() ? worker_id{} : from_.one_of(workers_).id});
    default:
      return hear(release_task{task});
    }
  }

  void worker_answers() {
    if (workers_.empty()) return;
    worker& its = workers_[from_.below(workers_.size())];
    if (its.told.empty()) return;
    const auto [task, run] = from_.one_of(its.told);
    switch (from_.below(10)) {
    case 8:
      return hear(task_seceded{its.id, task, run});
    case 9:
      return hear(task_rejoined{its.id, task, run});
    case 0: {
      const auto kind = from_.below(3) > 0 ? failure_kind::task_error : failure_kind::module_absent;
      return hear(task_failed{its.id, task, run, 1000, failure::make(kind, "it threw")});
    }
    case 1:
      return hear(task_given_back{its.id, task, run});
    case 2:
      return hear(task_kept{its.id, task, run});
    case 3:
      return hear(task_started{its.id, task, run});
    case 4:
      return hear(replica_added{its.id, task});
    case 5:
      return hear(input_unreachable{its.id, task, from_.one_of(workers_).id});
    default:
      return hear(task_finished{its.id, task, run, 1000, 8, nullptr});
    }
  }

  void client_says_anything() {
    if (clients_.empty()) return;
    const client_id speaker = from_.one_of(clients_).id;
    from_client said = any_event<from_client>(from_);
    std::visit(
        [&](auto& its) {
          if constexpr (requires { its.client; }) its.client = speaker;
          if constexpr (requires { its.task; }) its.task = task_id::make(speaker, its.task.sequence());
          hear_over_link(std::move(its), speaker);
        },
        said);
  }

  void worker_says_anything() {
    if (workers_.empty()) return;
    const worker_id speaker = from_.one_of(workers_).id;
    from_worker said = any_event<from_worker>(from_);
    std::visit(
        [&](auto& its) {
          its.worker = speaker;
          hear_over_link(std::move(its), speaker);
        },
        said);
  }

  template <class Speaker>
  void hear_over_link(scheduler_event event, Speaker speaker) {
    try {
      require_well_formed(event);
    } catch (const decode_error&) {
      return;
    }
    WEFT_CHECK(speaks_for(event, speaker), "the link lets it pass");
    hear(std::move(event));
  }

  void hear(scheduler_event event) {
    tell(event_text(event));
    machine_.step(std::move(event), commands_);
    machine_.check_invariants();
  }

  void settle() {
    tell("");
    machine_.settle(commands_);
    machine_.check_invariants();
    commands_.to_workers.flush([&](worker_id to, auto& events) {
      const auto its =
          std::find_if(workers_.begin(), workers_.end(), [&](const worker& each) { return each.id == to; });
      if (its == workers_.end()) return;
      for (const worker_event& event : events) {
        tell("# worker " + std::to_string(to.value) + " <- " + event_text(event));
        if (const auto* compute = std::get_if<compute_task>(&event)) {
          WEFT_CHECK(compute->body, "what is to be computed can be");
          its->told.emplace_back(compute->task, compute->run);
          for (const input_location& input : compute->inputs)
            may_ask(*its, input.worker);
        }
        if (const auto* copy = std::get_if<acquire_replica>(&event)) {
          its->told.emplace_back(copy->task, run_id{});
          may_ask(*its, copy->from);
        }
        if (const auto* located = std::get_if<input_located>(&event)) may_ask(*its, located->worker);
        if (const auto* peer = std::get_if<peer_introduced>(&event))
          WEFT_CHECK(its->acquaintances.insert(peer->worker).second, "nobody is introduced twice");
        if (const auto* lost = std::get_if<peer_lost>(&event))
          WEFT_CHECK(its->acquaintances.erase(lost->worker) == 1, "only who knows a worker hears of its end");
      }
    });
    commands_.to_clients.flush([&](client_id, auto& events) {
      for (const holder_event& event : events)
        require_well_formed(event);
    });
  }

  static void may_ask(const worker& who, worker_id whom) {
    WEFT_CHECK(whom == who.id || who.acquaintances.contains(whom), "a worker knows whom it is to ask");
  }

  choices& from_;
  function_table functions_;
  scheduler_state machine_{functions_};
  scheduler_commands commands_;
  std::vector<client> clients_; // whose links are open
  std::vector<worker> workers_;
  std::uint32_t client_count_ = 0;
  std::uint32_t worker_count_ = 0;
};

} // namespace

void play_scheduler(choices& from) {
  scheduler_play{from}.play();
}

} // namespace weft::test
