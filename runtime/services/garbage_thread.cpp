#include "runtime/services/garbage_thread.hpp"

#include "runtime/services/thread_role.hpp"

#include <weft/detail/task_body.hpp>
#include <weft/detail/value.hpp>

#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>
#include <vector>

namespace weft::detail {

namespace {

struct item {
  const void* object;
  void (*destroy)(const void*) noexcept;
};

// Never destroyed: other statics may still free something then, and the thread is not ended.
struct heap {
  std::mutex mutex;
  std::condition_variable changed;
  std::condition_variable destroyed_some;
  std::vector<item> items;
  std::uint64_t taken = 0;
  std::uint64_t destroyed = 0;
  bool waits = false; // the thread, for more
  std::thread::id thread;

  void run();
  bool add(item what);
};

heap& the_heap() {
  static auto* const its = new heap;
  return *its;
}

void heap::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  pthread_setname_np(pthread_self(), "weft-garbage");
  std::vector<item> batch;
  std::unique_lock lock{mutex};
  while (true) {
    waits = true;
    changed.wait(lock, [this] { return !items.empty(); });
    waits = false;
    batch.swap(items);
    lock.unlock();
    for (const item& each : batch)
      each.destroy(each.object);
    lock.lock();
    destroyed += batch.size();
    batch.clear();
    destroyed_some.notify_all();
  }
}

// False if there is no thread or no memory for it.
bool heap::add(item what) {
  try {
    const std::lock_guard lock{mutex};
    if (thread == std::thread::id{}) {
      std::thread its{[this] { run(); }};
      thread = its.get_id();
      its.detach();
    }
    items.push_back(what);
    ++taken;
    if (std::exchange(waits, false)) changed.notify_one();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

template <class Object>
void destroy_there(const Object* object) noexcept {
  if (!garbage_thread::is_wanted()) return delete object;
  garbage_thread::take(object, [](const void* its) noexcept { delete static_cast<const Object*>(its); });
}

} // namespace

bool garbage_thread::is_wanted() noexcept {
  return this_thread_role().must_not_wait != nullptr;
}

void garbage_thread::take(const void* object, void (*destroy)(const void*) noexcept) noexcept {
  if (!the_heap().add({object, destroy})) destroy(object);
}

void garbage_thread::drain() {
  heap& its = the_heap();
  std::unique_lock lock{its.mutex};
  if (its.thread == std::this_thread::get_id()) return;
  const std::uint64_t wanted = its.taken;
  its.destroyed_some.wait(lock, [&] { return its.destroyed >= wanted; });
}

void destroy_users(const value* object) noexcept {
  destroy_there(object);
}
void destroy_users(const task_body* object) noexcept {
  destroy_there(object);
}

} // namespace weft::detail
