#include "runtime/services/worker_engine.hpp"

#include "runtime/core/check.hpp"
#include "runtime/services/executor_thread.hpp"
#include "runtime/services/process_memory.hpp"

#include <algorithm>

namespace weft::detail {

namespace {

// How many events are stepped before threads that want the lock get their turn.
constexpr std::size_t slice = 512;

// Drains the engine on the ringing thread.
class draining_bell final : public bell {
 public:
  explicit draining_bell(std::weak_ptr<worker_engine> engine) : engine_(std::move(engine)) {}
  void ring() override {
    if (const auto engine = engine_.lock()) engine->drain();
  }

 private:
  std::weak_ptr<worker_engine> engine_;
};

} // namespace

worker_engine::worker_engine(settings how, const function_directory& functions,
                             port<scheduler_event> scheduler, timer_thread& timers)
    : settings_(std::move(how)), functions_(functions), scheduler_(std::move(scheduler)), timers_(timers),
      may_spin_(settings_.threads <= std::thread::hardware_concurrency()), state_(settings_.id) {}

worker_engine::~worker_engine() {
  WEFT_CHECK(alive_ == 0, "a worker was destroyed before it was stopped");
}

void worker_engine::start(std::shared_ptr<data_mover> data) {
  const instant now = instant::now();
  auto timer = timers_.add([this](instant at) { return on_timer(at); });
  std::lock_guard lock{mutex_};
  data_ = std::move(data);
  timer_ = std::move(timer);
  report_due_ = timer_due_ = now + settings_.report_interval;
  timer_.wake_at(timer_due_);
  for (std::uint32_t i = 0; i < settings_.threads; ++i)
    add_thread();
}

port<worker_event> worker_engine::direct_port() {
  return {inbox_, std::make_shared<draining_bell>(weak_from_this())};
}

// -- taking in events
// ------------------------------------------------------------------------------------------

void worker_engine::drain() {
  std::unique_lock lock{mutex_};
  std::unique_ptr<aftermath> after;
  if (!spare_.empty()) {
    after = std::move(spare_.back());
    spare_.pop_back();
  } else {
    after = std::make_unique<aftermath>();
  }
  for (;;) {
    // Whoever has the lock goes on with what was taken first, so that no batch overtakes another.
    if (backlog_next_ == backlog_.size()) {
      backlog_next_ = 0;
      inbox_->take(backlog_);
      if (backlog_.empty()) break;
    }
    if (stopped_) {
      auto dropped = std::exchange(backlog_, {});
      backlog_next_ = 0;
      lock.unlock();
      dropped.clear(); // there may be values in it
      lock.lock();
      continue;
    }
    const instant now = instant::now();
    const std::size_t until = std::min(backlog_.size(), backlog_next_ + slice);
    while (backlog_next_ < until)
      step(now, std::move(backlog_[backlog_next_++]), *after);
    apply(*after);
    lock.unlock();
    finish(*after);
    lock.lock();
  }
  spare_.push_back(std::move(after));
}

void worker_engine::step(instant now, worker_event&& event, aftermath& after) {
  if (const auto* lost = std::get_if<peer_lost>(&event)) moves_.departures.push_back(lost->worker);
  state_.step(now, std::move(event), after.commands);
}

// Under the lock: puts what the machine said where its order matters.
void worker_engine::apply(aftermath& after) {
  worker_commands& commands = after.commands;
  if (scheduler_.box->append(commands.to_scheduler)) unrung_ = true;
  if (unrung_) {
    // Who is back late, because its task is not as short as it was expected to be, is overtaken by the timer.
    const instant now = instant::now();
    if (back_soon_ == 0 || now >= ring_due_) {
      ring_due_ = now + settings_.ring_interval;
      unrung_ = false;
      after.ring = true;
    }
  }
  for (auto& peer : commands.introductions)
    moves_.introductions.emplace_back(peer.worker, std::move(peer.address));
  commands.introductions.clear();
  if (!commands.to_peers.empty()) {
    moves_.commands.insert(moves_.commands.end(), std::make_move_iterator(commands.to_peers.begin()),
                           std::make_move_iterator(commands.to_peers.end()));
    commands.to_peers.clear();
  }
  after.move_data = !moving_data_ && !moves_.empty();
  for (const auto& [task, run] : commands.to_stop)
    stop_run(task, run, after);
  commands.to_stop.clear();
  after.leave = std::exchange(commands.leave, false);
  commands.newly_ready = 0;
  if (idle_awaited_ > 0 && state_.running_count() == 0) idle_.notify_all();

  if (may_take()) {
    // One at a time: the woken thread wakes the next if there is more than it takes itself.
    if (spinning_ > 0) {
      look_again_.store(true, std::memory_order_relaxed);
    } else if (parked_ > 0 && waking_ == 0) {
      ++waking_;
      after.wake = true;
    }
  }
  if (const auto deadline = state_.next_deadline(); deadline && *deadline < timer_due_) {
    timer_due_ = *deadline;
    timer_.wake_at(timer_due_);
  }
}

// Without the lock: what takes time, and what is other people's code.
void worker_engine::finish(aftermath& after) {
  if (std::exchange(after.ring, false)) scheduler_.bell->ring();
  if (std::exchange(after.wake, false)) work_.notify_one();
  if (std::exchange(after.move_data, false)) move_data();
  for (auto& source : after.to_stop)
    source.request_stop();
  after.to_stop.clear();
  after.commands.garbage_values.clear();
  after.commands.garbage_bodies.clear();
  after.dropped.clear();
  if (std::exchange(after.leave, false) && settings_.on_leave) settings_.on_leave();
}

// The answers may come on this thread, before `perform` returns, and lead to more: these find moving_data_
// set and leave what they want to the loop here.
void worker_engine::move_data() {
  std::unique_lock lock{mutex_};
  if (moving_data_) return;
  moving_data_ = true;
  const auto data = data_;
  data_moves now;
  while (data && !moves_.empty()) {
    std::swap(now, moves_);
    lock.unlock();
    for (const auto& [worker, address] : now.introductions)
      data->introduce(worker, address);
    data->perform(now.commands);
    for (const worker_id worker : now.departures)
      data->forget(worker);
    now.introductions.clear();
    now.departures.clear();
    now.commands.clear();
    lock.lock();
  }
  moving_data_ = false;
}

void worker_engine::stop_run(task_id task, run_id run, aftermath& after) {
  for (auto& left : split_off_)
    if (left.task.task == task && left.task.run == run) left.stop = task_batch::stop_reason::unwanted;
  for (const auto& executor : executors_)
    if (executor->busy && executor->batch.request_stop(task, run, after.to_stop)) return;
}

// -- time
// ------------------------------------------------------------------------------------------------------

std::optional<instant> worker_engine::on_timer(instant now) {
  std::unique_lock lock{mutex_};
  if (stopped_) return std::nullopt;
  aftermath after;
  if (const auto deadline = state_.next_deadline(); deadline && *deadline <= now)
    state_.tick(now, after.commands);
  if (report_due_ <= now) {
    report_due_ = now + settings_.report_interval;
    lock.unlock();
    const std::uint64_t memory = process_memory();
    lock.lock();
    if (stopped_) return std::nullopt;
    after.commands.to_scheduler.emplace_back(
        worker_reported{settings_.id, memory, static_cast<std::uint32_t>(state_.running_count())});
  }
  if (split_due_ != instant{} && split_due_ <= now) split_overdue(now, after);
  timer_due_ = report_due_;
  if (split_due_ != instant{}) timer_due_ = std::min(timer_due_, split_due_);
  apply(after);
  const instant again = timer_due_;
  lock.unlock();
  finish(after);
  return again;
}

// -- the end
// ---------------------------------------------------------------------------------------------------

std::vector<std::string> worker_engine::stop(std::chrono::nanoseconds limit) {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  aftermath after;
  for (auto& left : split_off_)
    after.dropped.push_back(std::move(left));
  split_off_.clear();
  for (const auto& executor : executors_) {
    if (!executor->busy) continue;
    executor->batch.split(after.dropped);
    executor->batch.request_leave(after.to_stop);
  }
  look_again_.store(true, std::memory_order_relaxed);
  lock.unlock();
  work_.notify_all();
  finish(after);
  lock.lock();
  if (!wait(lock, ended_, limit, [&] { return alive_ == 0; })) return running_keys();
  stopped_ = true;
  const auto ended = std::exchange(executors_, {});
  auto timer = std::move(timer_);
  auto data = std::move(data_); // its end is this worker's as far as the others can tell
  lock.unlock();
  for (const auto& executor : ended)
    executor->thread.join();
  timer.end();
  return {};
}

bool worker_engine::runs_calling_thread() const noexcept {
  const auto* const thread = dynamic_cast<const executor_thread*>(this_thread_role().place);
  return thread && &thread->engine == this;
}

std::vector<std::string> worker_engine::wait_until_idle(std::chrono::nanoseconds limit) {
  std::unique_lock lock{mutex_};
  aftermath after;
  for (auto& left : split_off_)
    if (left.stop == task_batch::stop_reason::none) left.stop = task_batch::stop_reason::leaving;
  for (const auto& executor : executors_)
    if (executor->busy) executor->batch.request_leave(after.to_stop);
  lock.unlock();
  finish(after);
  lock.lock();
  ++idle_awaited_;
  const bool idle = wait(lock, idle_, limit, [&] { return state_.running_count() == 0; });
  --idle_awaited_;
  return idle ? std::vector<std::string>{} : running_keys();
}

// Not wait_for alone: an endless limit would overflow.
template <class Condition>
bool worker_engine::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& on,
                         std::chrono::nanoseconds limit, Condition condition) {
  if (limit < std::chrono::hours{24 * 365}) return on.wait_for(lock, limit, condition);
  on.wait(lock, condition);
  return true;
}

std::vector<std::string> worker_engine::running_keys() const {
  std::vector<std::string> keys;
  for (const auto& executor : executors_)
    if (executor->busy)
      if (auto key = executor->batch.current_key()) keys.push_back(std::move(*key));
  if (keys.empty()) keys.emplace_back("tasks between their beginning and end");
  return keys;
}

} // namespace weft::detail
