#include "runtime/services/io_thread.hpp"

#include "runtime/services/asio.hpp"
#include "runtime/services/thread_role.hpp"

#include <csignal>
#include <future>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace weft::detail {

struct io_thread::implementation {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::mutex mutex; // guards closed, so that nothing is posted behind the last turn
  bool closed = false;
  std::thread thread;
  std::thread::id id;
};

io_thread::io_thread(std::string name) : implementation_(std::make_unique<implementation>()) {
  auto& self = *implementation_;
  // A thread inherits the signal mask of its maker.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  self.thread = std::thread{[&self] {
    this_thread_role().must_not_wait = "on a thread that moves data";
    self.context.run();
  }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  self.id = self.thread.get_id();
  pthread_setname_np(self.thread.native_handle(), name.substr(0, 15).c_str());
}

io_thread::~io_thread() {
  close();
}

void io_thread::post(std::function<void()> action) {
  std::lock_guard lock{implementation_->mutex};
  if (!implementation_->closed) asio::post(implementation_->context, std::move(action));
}

void io_thread::run(const std::function<void()>& action) {
  if (is_current()) return action();
  std::packaged_task<void()> task{action};
  {
    std::unique_lock lock{implementation_->mutex};
    if (implementation_->closed) {
      lock.unlock();
      return action();
    }
    asio::post(implementation_->context, [&task] { task(); });
  }
  task.get_future().get();
}

bool io_thread::is_current() const noexcept {
  return std::this_thread::get_id() == implementation_->id;
}

void io_thread::close() {
  auto& self = *implementation_;
  {
    std::lock_guard lock{self.mutex};
    if (self.closed) return;
    self.closed = true;
  }
  // What was posted before runs first: somebody may be waiting in run().
  asio::post(self.context, [&self] { self.context.stop(); });
  self.thread.join();
}

asio::io_context& io_thread::context() noexcept {
  return implementation_->context;
}

} // namespace weft::detail
