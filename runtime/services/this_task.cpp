#include <weft/stop_token.hpp>
#include <weft/this_task.hpp>

#include "runtime/services/task_batch.hpp"

#include <stdexcept>

namespace weft::this_task {

namespace {

detail::task_batch& current(const char* asked) {
  if (auto* batch = detail::task_batch::of_this_thread()) return *batch;
  throw std::logic_error(std::string("weft::this_task::") + asked +
                         "() was called by a thread that runs no task");
}

} // namespace

bool stop_requested() {
  return current("stop_requested").stop_requested();
}

std::stop_token stop_token() {
  return current("stop_token").stop_token();
}

std::string key() {
  return current("key").key();
}

std::string worker_name() {
  return current("worker_name").worker_name();
}

} // namespace weft::this_task
