#include "tests/simulation/simulated_scheduler.hpp"

#include "tests/simulation/world.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weft::test {

namespace {

// Which run of which task an event of a worker reports on.
struct report_of_run {
  task_id task;
  run_id run;
  worker_id worker;
};

std::optional<report_of_run> report_in(const scheduler_event& event) {
  return std::visit(
      [](const auto& its) -> std::optional<report_of_run> {
        if constexpr (requires { its.worker, its.task, its.run; })
          return report_of_run{its.task, its.run, its.worker};
        return std::nullopt;
      },
      event);
}

} // namespace

simulated_scheduler::simulated_scheduler(world& its)
    : machine(its.functions), world_(its), chance_(its.fork()) {}

void simulated_scheduler::hear(std::vector<scheduler_event>&& batch) {
  std::move(batch.begin(), batch.end(), std::back_inserter(inbox_));
  if (std::exchange(turn_planned_, true)) return;
  world_.clock.after(chance_.between(0, world_.knobs.delay_least * 20), [this] { turn(); });
}

void simulated_scheduler::hear(scheduler_event&& event) {
  std::vector<scheduler_event> batch;
  batch.push_back(std::move(event));
  hear(std::move(batch));
}

void simulated_scheduler::turn() {
  turn_planned_ = false;
  had_rare_module_.clear();
  for (const auto& its : world_.workers())
    if (has_rare_module(its->self())) had_rare_module_.push_back(its->self());
  for (scheduler_event& event : std::exchange(inbox_, {}))
    step(std::move(event));
  machine.settle(commands_);
  flush();
}

void simulated_scheduler::step(scheduler_event&& event) {
  world_.tale.hears(world_.clock.now(), "scheduler", event);
  if (world_.fault == planted_fault::worker_loss_ignored && std::holds_alternative<worker_lost>(event))
    return;
  world_.facts.heard(event);

  // A report of another run than the present one changes nothing. Of a datum, any copy is as good.
  const auto report = report_in(event);
  const task_record* row = report ? machine.find(report->task) : nullptr;
  const bool stale = row && !row->scattered && (row->run != report->run || row->worker != report->worker);
  if (!stale) return machine.step(std::move(event), commands_);
  const auto shown = [](const task_record& its) {
    return std::tuple(its.is, its.run, its.worker, its.outstanding, its.extras ? its.extras->retries_left : 0,
                      its.asked, its.kept, its.started);
  };
  const auto before = shown(*row);
  if (world_.fault == planted_fault::no_fencing_in_scheduler)
    std::visit(
        [&](auto& its) {
          if constexpr (requires { its.worker, its.task, its.run; }) {
            its.run = row->run;
            its.worker = row->worker;
          }
        },
        event);
  machine.step(std::move(event), commands_);
  row = machine.find(report->task);
  expect(row && before == shown(*row), "a report of an older run has an effect");
}

void simulated_scheduler::flush() {
  commands_.to_workers.flush(
      [this](worker_id to, std::vector<worker_event>& batch) { send_to_worker(to, batch); });
  commands_.to_clients.flush(
      [this](client_id to, std::vector<holder_event>& batch) { send_to_client(to, batch); });
}

void simulated_scheduler::send_to_worker(worker_id to, std::vector<worker_event>& batch) {
  const worker_record* row = machine.find(to);
  if (!row || !row->live) { // it was lost in this very turn, after something was said to it
    for (const worker_event& event : batch)
      expect(!std::holds_alternative<compute_task>(event), "a task is given to a worker that is gone");
    return;
  }
  for (worker_event& event : batch) {
    auto* command = std::get_if<compute_task>(&event);
    if (!command) continue;
    if (world_.fault == planted_fault::run_number_not_raised && command->run.value > 1) --command->run.value;
    if (world_.fault == planted_fault::inputs_swapped && command->inputs.size() > 1)
      std::swap(command->inputs[0], command->inputs[1]);
    world_.facts.assigned(to, *command);
    const bool rare = command->function == world_.rare_function;
    expect(!rare || world_.worker(to)->has_rare_module(),
           "a task is given to a worker that has not its module");
  }
  if (world_.fault == planted_fault::order_swapped && batch.size() > 1 && chance_.chance(500)) {
    const std::size_t at = chance_.below(batch.size() - 1);
    std::swap(batch[at], batch[at + 1]);
  }
  if (world_.fault == planted_fault::command_duplicated && chance_.chance(20))
    if (const auto* command = std::get_if<compute_task>(&batch.front())) batch.emplace_back(*command);
  if (world_.fault == planted_fault::peer_not_introduced)
    std::erase_if(batch,
                  [](const worker_event& event) { return std::holds_alternative<peer_introduced>(event); });
  world_.worker(to)->from_scheduler.send(std::exchange(batch, {}));
}

bool simulated_scheduler::has_rare_module(worker_id worker) const {
  const worker_record* row = machine.find(worker);
  return row && row->live && world_.worker(worker)->has_rare_module();
}

// Where the module is, no task may fail for want of it, whoever was tried first.
void simulated_scheduler::check_mismatch(const result_failed& told) const {
  if (told.failure->kind != failure_kind::build_mismatch) return;
  const auto& inputs = world_.facts.of(told.task).inputs;
  const bool of_input =
      std::any_of(inputs.begin(), inputs.end(), [&](task_id id) { return world_.facts.of(id).may_mismatch; });
  expect(of_input || std::none_of(had_rare_module_.begin(), had_rare_module_.end(),
                                  [&](worker_id worker) { return has_rare_module(worker); }),
         "a task fails for want of a module that a worker has");
}

void simulated_scheduler::send_to_client(client_id to, std::vector<holder_event>& batch) {
  for (const holder_event& event : batch)
    if (const auto* told = std::get_if<result_failed>(&event)) check_mismatch(*told);
  if (world_.fault == planted_fault::scatter_not_repeated)
    std::erase_if(batch,
                  [](const holder_event& event) { return std::holds_alternative<scatter_again>(event); });
  if (world_.fault == planted_fault::failure_not_told)
    std::erase_if(batch,
                  [](const holder_event& event) { return std::holds_alternative<result_failed>(event); });
  world_.client(to)->from_scheduler.send(std::exchange(batch, {}));
}

} // namespace weft::test
