#include "runtime/services/client_core.hpp"

#include "runtime/services/busy_threads.hpp"
#include "runtime/services/thread_role.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace weft::detail {

namespace {

std::chrono::steady_clock::time_point time_point_of(instant at) {
  // A day ahead stands for ever: converting the largest number would overflow, and who waits looks again.
  const auto soon = std::min(at, instant::now() + std::chrono::hours(24));
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(soon.nanoseconds));
}

bool passed(instant deadline) {
  return deadline != never && instant::now() >= deadline;
}

// A scheduler that works answers within milliseconds.
constexpr std::chrono::seconds answer_limit{1};

void require_thread_that_may_wait() {
  if (const char* why = this_thread_role().must_not_wait)
    throw std::logic_error(std::string("weft: ") + why + " must not wait for a future that is not ready");
}

std::string counted(std::uint64_t count, const char* noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

std::string connected(std::size_t workers) {
  if (workers == 0) return "no workers are connected";
  return counted(workers, "worker") + (workers == 1 ? " is" : " are") + " connected";
}

} // namespace

/// One hold of the mutex. When it ends, what the machine wants is put in order under the mutex and carried
/// out after unlocking, also when the step has thrown.
class client_core::turn {
 public:
  explicit turn(client_core& core) : core_(core), lock_(core.mutex_) {
    core.scheduler_.box->swap(core.commands_.to_scheduler);
    unsent_ = core.commands_.to_scheduler.size();
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

  ~turn() {
    settle();
    // Another thread may close the client and drop its last handle as soon as the mutex is free.
    if (ring_ || moves_) last_owner_ = core_.shared_from_this();
    lock_.unlock();
    if (ring_) core_.scheduler_.bell->ring();
    slot_sleepers::wake(wakes_);
    if (moves_) core_.move_data();
  }

  holder_commands& commands() { return core_.commands_; }
  std::unique_lock<std::mutex>& lock() { return lock_; }

  /// What the machine wanted so far is on its way when this returns, though the mutex is still held.
  void settle() {
    auto& commands = core_.commands_;
    send(commands.to_scheduler);
    queue_transfers(commands);
    if (!commands.changed.empty()) {
      core_.sleepers_.begin_collecting();
      for (const task_id task : commands.changed)
        if (const future_slot* slot = core_.holder_.find(task)) core_.sleepers_.collect(task, *slot, wakes_);
      commands.changed.clear();
    }
    for (const auto& [number, task] : commands.completed)
      if (const auto found = core_.listeners_.find(number); found != core_.listeners_.end())
        found->second->completed(task);
    commands.completed.clear();
    if (!commands.answers.empty()) core_.take_in(commands.answers);
    if (!commands.garbage.empty()) {
      // Mostly it is one value, which needs no list.
      if (!garbage_) {
        garbage_ = std::move(commands.garbage.back());
        commands.garbage.pop_back();
      }
      std::move(commands.garbage.begin(), commands.garbage.end(), std::back_inserter(more_garbage_));
      commands.garbage.clear();
    }
    if (core_.waiting_for_room_ > 0 && core_.has_room()) core_.room_.notify_all();
    if (core_.keep_alive_ && core_.holder_.slot_count() == 0) released_ = std::move(core_.keep_alive_);
  }

  /// Rings now: the caller is about to wait on one of the core's condition variables.
  void ring_before_waiting() {
    settle();
    if (!std::exchange(ring_, false)) return;
    lock_.unlock();
    core_.scheduler_.bell->ring();
    lock_.lock();
  }

 private:
  void send(std::vector<scheduler_event>& events) {
    auto& box = *core_.scheduler_.box;
    const auto unsent = static_cast<std::ptrdiff_t>(std::exchange(unsent_, 0));
    if (!core_.connected_) events.erase(events.begin() + unsent, events.end());
    if (std::exchange(writes_in_box_, false)) {
      const bool said_something = std::ssize(events) > unsent;
      box.swap(events);
      if (said_something) ring_ |= box.tell();
    } else {
      ring_ |= box.append_locked(events);
    }
  }

  void queue_transfers(holder_commands& commands) {
    if (commands.to_peers.empty() && commands.introductions.empty() && commands.departures.empty()) return;
    const auto append = [](auto& from, auto& to) {
      std::move(from.begin(), from.end(), std::back_inserter(to));
      from.clear();
    };
    append(commands.introductions, core_.transfers_.introductions);
    append(commands.to_peers, core_.transfers_.commands);
    append(commands.departures, core_.transfers_.departures);
    moves_ = true;
  }

  client_core& core_;
  // Freed last, after unlocking: destructors of values are user code, and the core itself may go.
  std::shared_ptr<client_core> last_owner_;
  std::shared_ptr<client_core> released_;
  value_ptr garbage_;
  std::vector<value_ptr> more_garbage_;
  slot_sleepers::wake_list wakes_;
  std::size_t unsent_ = 0;    // events in the box from before this turn
  bool writes_in_box_ = true; // until the first settle
  bool ring_ = false;
  bool moves_ = false;
  std::unique_lock<std::mutex> lock_;
};

client_core::client_core(client_id self, port<scheduler_event> scheduler, data_mover& data,
                         const function_directory& functions, settings limits)
    : scheduler_(std::move(scheduler)), data_(data), functions_(functions), limits_(limits),
      mutex_(scheduler_.box->mutex()), holder_(self, this) {}

client_core::~client_core() = default;

// -- what the user does -----------------------------------------------------------------------------------

bool client_core::has_room() const {
  return holder_.closed() || (holder_.pending_count() < limits_.max_pending &&
                              holder_.pending_bytes() < limits_.max_pending_bytes);
}

future_handle client_core::handle_of(task_id task) {
  return future_handle(*holder_.find(task), task);
}

future_handle client_core::submit(submission&& what) {
  busy_threads::note_user();
  for (;;) {
    {
      turn now{*this};
      if (has_room()) return handle_of(holder_.submit(std::move(what), now.commands()));
    }
    wait_for_room();
  }
}

void client_core::wait_for_room() {
  require_thread_that_may_wait();
  waiting_scope waiting;
  const auto enough = [&] { return has_room(); };
  std::unique_lock lock{mutex_};
  ++waiting_for_room_;
  if (!room_.wait_for(lock, patience, enough)) {
    // Who has workers is told once: to be held back by tasks that take long is no trouble.
    if (!std::exchange(told_of_room_, true) || holder_.workers().empty()) {
      const std::string why = why_no_room();
      lock.unlock();
      std::fprintf(stderr, "weft: submit waits for room: %s\n", why.c_str());
      lock.lock();
    }
    room_.wait(lock, enough);
  }
  --waiting_for_room_;
}

std::string client_core::why_no_room() const {
  const auto tasks = holder_.pending_count();
  std::string why = counted(tasks, "task") + (tasks == 1 ? " is" : " are") + " pending";
  if (tasks >= limits_.max_pending)
    why += ", as many as .max_pending allows; ";
  else
    why += " with arguments of " + std::to_string(holder_.pending_bytes()) +
           " bytes, as many as .max_pending_bytes allows; ";
  return why + connected(holder_.workers().size());
}

future_handle client_core::scatter(value_ptr value, demands_ptr demands) {
  turn now{*this};
  return handle_of(holder_.scatter(std::move(value), std::move(demands), now.commands()));
}

void client_core::release(task_id task) noexcept {
  busy_threads::note_user();
  turn now{*this};
  holder_.release(task, now.commands());
}

void client_core::cancel(task_id task, const std::string& reason) {
  turn now{*this};
  holder_.cancel(task, reason, now.commands());
}

void client_core::want_values(const std::vector<task_id>& tasks) {
  // In portions, so that reports come in between.
  constexpr std::size_t portion = 1024;
  for (std::size_t begin = 0; begin < tasks.size(); begin += portion) {
    turn now{*this};
    for (std::size_t i = begin; i < std::min(tasks.size(), begin + portion); ++i)
      holder_.want_value(tasks[i], now.commands());
  }
}

bool client_core::wait(task_id task, const future_slot& slot, bool value, instant deadline) {
  const auto over = [&](slot_status status) {
    return is_answered(status) || (!value && status == slot_status::elsewhere);
  };
  slot_status seen = slot.status.load(std::memory_order_acquire);
  if (over(seen)) return true;
  if (value) {
    turn now{*this};
    holder_.want_value(task, now.commands());
  }
  require_thread_that_may_wait();
  waiting_scope waiting;
  instant notice = instant::now() + patience;
  for (;;) {
    seen = slot.status.load(std::memory_order_acquire);
    if (over(seen)) return true;
    if (passed(deadline)) return false;
    sleepers_.sleep(task, slot, seen, std::min(deadline, notice));
    if (passed(notice)) {
      announce_if_stuck(task);
      notice = never;
    }
  }
}

value_ptr client_core::take(task_id task, instant deadline) {
  require_thread_that_may_wait();
  waiting_scope waiting;
  turn now{*this};
  takes_[task].reset();
  holder_.ask_take(task, now.commands());
  now.ring_before_waiting();
  changed_.wait_until(now.lock(), time_point_of(deadline),
                      [&] { return takes_[task].has_value() || holder_.closed(); });
  const bool granted = takes_[task].value_or(false);
  takes_.erase(task);
  // A task that closing has cancelled may still run in this process, and read it.
  if (holder_.closed())
    throw cancelled_error("weft: client closed: results that are here can be looked at, but not taken");
  return granted ? holder_.take(task, now.commands()) : nullptr;
}

std::uint64_t client_core::add_listener(completion_listener& listener) {
  std::lock_guard lock{mutex_};
  listeners_.emplace(next_listener_, &listener);
  return next_listener_++;
}

void client_core::remove_listener(std::uint64_t number, const std::vector<task_id>& still_watched) {
  std::lock_guard lock{mutex_};
  listeners_.erase(number);
  for (const task_id task : still_watched)
    holder_.unwatch(task, number);
}

void client_core::watch(task_id task, std::uint64_t listener, bool value) {
  turn now{*this};
  holder_.watch(task, listener, value, now.commands());
}

// -- questions --------------------------------------------------------------------------------------------

void client_core::take_in(std::vector<holder_event>& answers) {
  for (auto& answer : answers) {
    if (const auto* taken = std::get_if<take_answered>(&answer)) {
      if (const auto found = takes_.find(taken->task); found != takes_.end()) found->second = taken->granted;
      continue;
    }
    std::uint32_t question = 0;
    if (const auto* explained = std::get_if<task_explained>(&answer)) question = explained->question;
    if (const auto* holders = std::get_if<holders_described>(&answer)) question = holders->question;
    if (const auto* cluster = std::get_if<cluster_described>(&answer)) question = cluster->question;
    if (const auto found = questions_.find(question); found != questions_.end())
      found->second = std::move(answer);
  }
  answers.clear();
  changed_.notify_all();
}

template <class Question>
std::optional<holder_event> client_core::ask(Question question, instant deadline) {
  require_thread_that_may_wait();
  waiting_scope waiting;
  turn now{*this};
  if (holder_.ended()) return std::nullopt;
  const std::uint32_t number = next_question_++;
  question.client = holder_.self();
  question.question = number;
  questions_[number].reset();
  now.commands().to_scheduler.emplace_back(std::move(question));
  now.ring_before_waiting();
  changed_.wait_until(now.lock(), time_point_of(deadline),
                      [&] { return questions_[number].has_value() || holder_.ended(); });
  auto answer = std::move(questions_[number]);
  questions_.erase(number);
  return answer;
}

bool client_core::wait_for_workers(std::size_t count, instant deadline) {
  const auto enough = [&] { return holder_.workers().size() >= count; };
  {
    std::lock_guard lock{mutex_};
    holder_.require_not_ended();
    if (enough()) return true;
  }
  require_thread_that_may_wait();
  waiting_scope waiting;
  instant notice = instant::now() + patience;
  std::unique_lock lock{mutex_};
  while (!enough() && !holder_.ended() && !passed(deadline)) {
    changed_.wait_until(lock, time_point_of(std::min(deadline, notice)));
    if (!passed(notice) || enough()) continue;
    notice = never;
    const std::string there = connected(holder_.workers().size());
    lock.unlock();
    std::fprintf(stderr, "weft: waiting for %s: %s\n", counted(count, "worker").c_str(), there.c_str());
    lock.lock();
  }
  holder_.require_not_ended();
  return enough();
}

std::vector<attributes_ptr> client_core::workers() {
  if (!this_thread_role().must_not_wait) describe_cluster(instant::now() + answer_limit);
  std::lock_guard lock{mutex_};
  holder_.require_not_ended();
  std::vector<attributes_ptr> result;
  for (const auto& [id, attributes] : holder_.workers())
    result.push_back(attributes);
  return result;
}

std::size_t client_core::known_threads() const {
  std::lock_guard lock{mutex_};
  std::size_t threads = 0;
  for (const auto& [id, attributes] : holder_.workers())
    threads += attributes->threads;
  return threads;
}

std::string client_core::explain(task_id task) {
  const auto answer =
      ask(explain_task{.client = {}, .question = 0, .task = task}, instant::now() + answer_limit);
  if (!answer) return "the scheduler does not answer";
  return std::get<task_explained>(*answer).sentence;
}

void client_core::announce_if_stuck(task_id task) {
  const auto answer =
      ask(explain_task{.client = {}, .question = 0, .task = task}, instant::now() + answer_limit);
  if (!answer || !std::get<task_explained>(*answer).stuck) return;
  std::string key;
  {
    std::lock_guard lock{mutex_};
    if (const future_slot* slot = holder_.find(task)) key = key_locked(task, *slot);
  }
  std::fprintf(stderr, "weft: waiting for %s: %s\n", key.c_str(),
               std::get<task_explained>(*answer).sentence.c_str());
}

holders_described client_core::describe_holders(task_id task, instant deadline) {
  auto answer = ask(weft::detail::describe_holders{.client = {}, .question = 0, .task = task}, deadline);
  if (answer) return std::get<holders_described>(std::move(*answer));
  std::lock_guard lock{mutex_};
  if (!holder_.ended()) throw timeout_error("weft: the scheduler did not say in time who has the result");
  return {};
}

cluster_described client_core::describe_cluster(instant deadline) {
  auto answer = ask(weft::detail::describe_cluster{.client = {}, .question = 0}, deadline);
  return answer ? std::get<cluster_described>(std::move(*answer)) : cluster_described{};
}

// A slot's function and key do not change while a handle lives.
std::string client_core::key_of(task_id task, const future_slot& slot) const {
  if (!slot.keyed) return printable_key(functions_, slot.function, task);
  std::lock_guard lock{mutex_};
  return holder_.users_key(task);
}

std::string client_core::key_locked(task_id task, const future_slot& slot) const {
  return slot.keyed ? holder_.users_key(task) : printable_key(functions_, slot.function, task);
}

std::string client_core::name_of(const future_slot& slot) const {
  return slot.function ? functions_.name_of(slot.function) : "data";
}

failure_ptr client_core::refusal_of(task_id task) const {
  std::lock_guard lock{mutex_};
  return holder_.refusal_of(task);
}

std::uint64_t client_core::nbytes_of(task_id task) const {
  std::lock_guard lock{mutex_};
  const future_slot& slot = *holder_.find(task);
  return slot.counted && !slot.scattered ? 0 : slot.nbytes;
}

// -- from those who report --------------------------------------------------------------------------------

void client_core::deliver(std::vector<holder_event>& events) {
  turn now{*this};
  const std::size_t workers_before = holder_.workers().size();
  for (auto& event : events) {
    if (auto* refused = std::get_if<fetch_refused>(&event)) name_task(*refused);
    holder_.step(std::move(event), now.commands());
  }
  events.clear();
  if (holder_.workers().size() != workers_before || holder_.ended()) changed_.notify_all();
}

// What could not be sent was said where it lies, and not of which task.
void client_core::name_task(fetch_refused& refused) const {
  const future_slot* slot = holder_.find(refused.task);
  if (!slot || !refused.failure->key.empty()) return;
  const auto at = holder_.workers().find(refused.from);
  const bool was_here = slot->scattered || at == holder_.workers().end();
  refused.failure =
      refused.failure->told_of(key_locked(refused.task, *slot), was_here ? std::string() : at->second->name);
}

// Answers may come on this thread, into `deliver`, which then finds moving_ set and leaves its transfers to
// the loop.
void client_core::move_data() {
  std::unique_lock lock{mutex_};
  if (moving_) return;
  while (connected_ && !transfers_.empty()) {
    moving_ = true;
    transfer_work work = std::exchange(transfers_, {});
    lock.unlock();
    for (const auto& [worker, attributes] : work.introductions)
      data_.introduce(worker, attributes->address);
    if (!work.commands.empty()) data_.perform(work.commands);
    for (const worker_id worker : work.departures)
      data_.forget(worker);
    lock.lock();
    moving_ = false;
  }
  if (!connected_) changed_.notify_all();
}

void client_core::close(const std::string& reason) {
  {
    turn now{*this};
    holder_.close(reason, now.commands());
    now.settle();
    connected_ = false;
    if (holder_.slot_count() > 0) keep_alive_ = shared_from_this();
    room_.notify_all();
    changed_.notify_all();
  }
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return !moving_; });
}

} // namespace weft::detail
