#pragma once

#include <array>
#include <string_view>

namespace weft::test {

/// Mistakes that are built into a simulated cluster to see whether the simulator finds them. They sit in the
/// shells and links around the machines, where they look from outside as if the machine made them.
enum class planted_fault {
  none,
  no_fencing_in_scheduler,      ///< a report of an older run counts as one of the present run
  no_fencing_in_holder,         ///< a result of an older run is accepted
  give_back_not_answered,       ///< a worker keeps its answer to give_back_task to itself
  dependents_not_taken_back,    ///< of several tasks given back, only the first is reported
  deadline_dropped,             ///< workers never look at the clock
  replica_not_freed,            ///< drop_replica does nothing
  order_swapped,                ///< two neighbours in a batch to a worker change places
  report_duplicated,            ///< a worker reports a result twice
  command_duplicated,           ///< a worker hears compute_task twice
  value_delivered_after_cancel, ///< a cancelled future becomes finished when the result comes
  release_sent_twice,           ///< a holder says release_task twice
  run_number_not_raised,        ///< an assignment after a failed run has the number of the one before
  worker_loss_ignored,          ///< the scheduler does not hear that a worker is gone
  held_question_forgotten,      ///< a worker forgets who asked for a value that it has not made yet
  inputs_swapped,               ///< a task gets its inputs in the wrong order
  scatter_not_repeated,         ///< a datum that was lost under way is not put again
  failure_not_told,             ///< the scheduler hears of a failed run and the client does not
  late_completion,              ///< as_completed is told twice
  peer_not_introduced,          ///< a worker is to ask one of whom it has not heard
  refusal_not_told_apart,       ///< a worker that has not a module reports it as any other failure
};

struct named_fault {
  planted_fault fault;
  std::string_view name;
};

inline constexpr std::array planted_faults{
    named_fault{planted_fault::no_fencing_in_scheduler, "no_fencing_in_scheduler"},
    named_fault{planted_fault::no_fencing_in_holder, "no_fencing_in_holder"},
    named_fault{planted_fault::give_back_not_answered, "give_back_not_answered"},
    named_fault{planted_fault::dependents_not_taken_back, "dependents_not_taken_back"},
    named_fault{planted_fault::deadline_dropped, "deadline_dropped"},
    named_fault{planted_fault::replica_not_freed, "replica_not_freed"},
    named_fault{planted_fault::order_swapped, "order_swapped"},
    named_fault{planted_fault::report_duplicated, "report_duplicated"},
    named_fault{planted_fault::command_duplicated, "command_duplicated"},
    named_fault{planted_fault::value_delivered_after_cancel, "value_delivered_after_cancel"},
    named_fault{planted_fault::release_sent_twice, "release_sent_twice"},
    named_fault{planted_fault::run_number_not_raised, "run_number_not_raised"},
    named_fault{planted_fault::worker_loss_ignored, "worker_loss_ignored"},
    named_fault{planted_fault::held_question_forgotten, "held_question_forgotten"},
    named_fault{planted_fault::inputs_swapped, "inputs_swapped"},
    named_fault{planted_fault::scatter_not_repeated, "scatter_not_repeated"},
    named_fault{planted_fault::failure_not_told, "failure_not_told"},
    named_fault{planted_fault::late_completion, "late_completion"},
    named_fault{planted_fault::peer_not_introduced, "peer_not_introduced"},
    named_fault{planted_fault::refusal_not_told_apart, "refusal_not_told_apart"},
};

} // namespace weft::test
