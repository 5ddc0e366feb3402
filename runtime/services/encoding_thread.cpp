#include "runtime/services/encoding_thread.hpp"

#include "runtime/services/thread_role.hpp"

#include <csignal>
#include <pthread.h>
#include <system_error>
#include <utility>

namespace weft::detail {

encoding_thread::~encoding_thread() {
  close();
}

void encoding_thread::encode(value_ptr what, finish_function finish) {
  {
    std::lock_guard lock{mutex_};
    if (closed_) return;
    if (has_thread()) {
      jobs_.push_back({std::move(what), std::move(finish)});
      return changed_.notify_one();
    }
  }
  finish(encode_now(*what));
}

bool encoding_thread::has_thread() {
  try {
    if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void encoding_thread::close() {
  std::deque<job> dropped;
  {
    std::lock_guard lock{mutex_};
    closed_ = true;
    dropped.swap(jobs_); // freed outside the lock: a value's destructor is user code
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

encoding_thread::result encoding_thread::encode_now(const value& what) {
  result done;
  try {
    what.encode(done.bytes);
  } catch (...) {
    done.error = std::current_exception();
  }
  return done;
}

void encoding_thread::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  pthread_setname_np(pthread_self(), "weft-encode");
  this_thread_role().must_not_wait = "on a thread that moves data";
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (closed_) return;
    auto next = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    next.finish(encode_now(*next.what));
    next = {};
    lock.lock();
  }
}

} // namespace weft::detail
