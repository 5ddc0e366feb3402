#include "api/src/finish_tasks.hpp"

#include "actors/node.hpp"

namespace weft::detail {

std::vector<std::string> finish_tasks(worker_handle& worker, std::chrono::nanoseconds task_limit,
                                      std::chrono::nanoseconds hand_over_limit) {
  if (worker.wait_for_tasks(std::chrono::nanoseconds(0)).empty()) return {}; // it is what it holds
  auto running = worker.wait_for_tasks(task_limit);
  if (running.empty()) worker.wait_until_left(hand_over_limit);
  return running;
}

} // namespace weft::detail
