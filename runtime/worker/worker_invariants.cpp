#include "runtime/core/check.hpp"
#include "runtime/worker/worker_state.hpp"

#include <map>

// What tests look at.
namespace weft::detail {

using phase = worker_task::phase;

std::vector<task_id> worker_state::running_tasks() {
  std::vector<task_id> running;
  tasks_.for_each([&](task_id task, worker_task& row) {
    if (row.is == phase::running) running.push_back(task);
  });
  return running;
}

void worker_state::check_invariants() {
  std::size_t ready = 0;
  std::size_t running = 0;
  std::uint64_t bytes = 0;
  std::map<task_id, std::uint32_t> readers;
  tasks_.for_each([&](task_id, worker_task& row) {
    for (const task_id input : row.inputs)
      ++readers[input];
  });
  tasks_.for_each([&](task_id task, worker_task& row) {
    ready += row.is == phase::ready;
    running += row.is == phase::running;
    if (row.value) bytes += row.value->nbytes();
    WEFT_CHECK((row.is == phase::stored) == static_cast<bool>(row.value),
               "stored means that the value is here");
    if (row.is == phase::expected)
      WEFT_CHECK(!row.consumers.empty() || !row.questions.empty(), "somebody expects what is expected");
    if (row.is == phase::fetching)
      WEFT_CHECK(!row.consumers.empty() || !row.questions.empty() || row.keep,
                 "somebody wants what is fetched");
    WEFT_CHECK(readers[task] == row.readers, "the count of readers is exact");
    std::uint32_t missing = 0;
    for (const task_id id : row.inputs) {
      worker_task* input = tasks_.find(id);
      WEFT_CHECK(input, "an input has a row");
      if (input->is != phase::stored) {
        ++missing;
        WEFT_CHECK(input->consumers.contains(task), "an input that is missing knows who waits for it");
      }
    }
    if (row.is == phase::waiting)
      WEFT_CHECK(missing > 0 && missing == row.missing_inputs, "the count of missing inputs is exact");
    else
      WEFT_CHECK(missing == 0, "only what waits has missing inputs");
    for (const task_id consumer : row.consumers) {
      worker_task* its = tasks_.find(consumer);
      WEFT_CHECK(its && its->is == phase::waiting && its->inputs.contains(task), "who waits lists its input");
    }
  });
  WEFT_CHECK(ready == ready_count_ && running == running_count_ && bytes == stored_bytes_,
             "counts are exact");
}

} // namespace weft::detail
