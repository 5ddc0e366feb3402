#pragma once

#include "runtime/core/functions.hpp"
#include "runtime/holder/holder_state.hpp"
#include "runtime/services/data_mover.hpp"
#include "runtime/services/ports.hpp"
#include "runtime/services/slot_sleepers.hpp"

#include <weft/detail/client_core.hpp>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weft::detail {

/// Is told which of the tasks it watches have completed. Called under the core's mutex: it must only take
/// note.
class completion_listener {
 public:
  virtual void completed(task_id task) = 0;

 protected:
  ~completion_listener() = default;
};

/// A client without its connection: holder_state under a mutex, and what lets threads wait for it. User
/// threads step the machine themselves when they submit, release or cancel; events come in through `deliver`.
/// What a step wants sent is appended to the outbox under the mutex, so that the order on the wire is the
/// machine's; ringing, moving data, waking and freeing happen after unlocking.
///
/// Handles may outlive the client, so a closed core keeps itself alive until its last slot has gone.
/// Thread-safe.
class client_core : public std::enable_shared_from_this<client_core> {
 public:
  struct settings {
    /// Tasks not done beyond which submit blocks; with 0 it would for ever.
    std::uint64_t max_pending = 10'000'000;
    std::uint64_t max_pending_bytes = std::uint64_t{1} << 30; ///< the same, of their arguments
  };

  /// `functions` must outlive the core, `data` its close().
  client_core(client_id self, port<scheduler_event> scheduler, data_mover& data,
              const function_directory& functions, settings limits);
  ~client_core();
  client_core(const client_core&) = delete;
  client_core& operator=(const client_core&) = delete;

  // -- what the user does
  // -------------------------------------------------------------------------------------

  /// Blocks while too much is pending, and says so on stderr when that outlasts `patience`. Throws as
  /// holder_state::submit does.
  future_handle submit(submission&& what);
  future_handle scatter(value_ptr value, demands_ptr demands);
  void release(task_id task) noexcept;
  void cancel(task_id task, const std::string& reason);
  /// Begins to fetch, if need be, as soon as it can.
  void want_values(const std::vector<task_id>& tasks);

  /// Sleeps until the slot's status `is_answered`, or (without `value`) is `elsewhere`; false if the
  /// deadline came first. Throws std::logic_error on a thread that must not wait.
  bool wait(task_id task, const future_slot& slot, bool value, instant deadline);

  /// Moves the value out, if nobody else needs it; else null.
  value_ptr take(task_id task, instant deadline);

  std::uint64_t add_listener(completion_listener& listener);
  /// After it returns the listener is not called any more.
  void remove_listener(std::uint64_t number, const std::vector<task_id>& still_watched);
  void watch(task_id task, std::uint64_t listener, bool value);

  // -- questions
  // ----------------------------------------------------------------------------------------------

  /// Waits until so many workers are there; false if the deadline came first. Tells people on stderr how many
  /// are there when that outlasts `patience`. Throws what `submit` throws of a client that has ended.
  bool wait_for_workers(std::size_t count, instant deadline);
  /// The scheduler is asked first, where that is possible: who joined before the call is listed. Throws as
  /// wait_for_workers does.
  std::vector<attributes_ptr> workers();
  /// Of all workers of which this client has heard; nobody is asked.
  std::size_t known_threads() const;
  /// Why the task does not run, as the scheduler sees it, in one sentence; it has a second to answer.
  std::string explain(task_id task);
  /// Tells people on stderr why the task cannot run, if no worker that is there may run it. A program that
  /// waits for workers that nobody has started looks exactly like one that hangs.
  void announce_if_stuck(task_id task);
  /// After how much waiting that is worth a question.
  static constexpr std::chrono::seconds patience{3};
  /// Of no workers where nothing can be asked any more. Throws timeout_error if the scheduler does not
  /// answer.
  holders_described describe_holders(task_id task, instant deadline);
  cluster_described describe_cluster(instant deadline);
  std::string key_of(task_id task, const future_slot& slot) const;
  std::string name_of(const future_slot& slot) const;
  /// Why the value cannot come here; null where it is not `refused`.
  failure_ptr refusal_of(task_id task) const;
  /// Of the value; 0 while it is not known.
  std::uint64_t nbytes_of(task_id task) const;

  // -- from those who report
  // ----------------------------------------------------------------------------------

  void deliver(std::vector<holder_event>& events);

  /// Cancels what is not done, wakes who waits. After it returns neither the port nor the data mover is used.
  void close(const std::string& reason);

 private:
  class turn;
  friend class turn;

  struct transfer_work {
    std::vector<std::pair<worker_id, attributes_ptr>> introductions;
    std::vector<transfer_command> commands;
    std::vector<worker_id> departures;
    bool empty() const { return introductions.empty() && commands.empty() && departures.empty(); }
  };

  future_handle handle_of(task_id task);
  bool has_room() const;
  void wait_for_room();
  std::string why_no_room() const; // under mutex_
  void move_data();
  std::string key_locked(task_id task, const future_slot& slot) const; // under mutex_
  void name_task(fetch_refused& refused) const;                        // the same
  void take_in(std::vector<holder_event>& answers);
  template <class Question>
  std::optional<holder_event> ask(Question question, instant deadline);

  const port<scheduler_event> scheduler_;
  data_mover& data_;
  const function_directory& functions_;
  const settings limits_;
  slot_sleepers sleepers_;

  std::mutex& mutex_; // the box's of scheduler_: what is submitted is written there, under one lock
  // Guarded by mutex_:
  holder_state holder_;
  // Empty between turns; kept for its vectors' capacity. During a turn to_scheduler is what is in the box.
  holder_commands commands_;
  transfer_work transfers_; // in the order in which the machine wanted it
  bool moving_ = false;     // somebody carries out transfers_
  bool connected_ = true;
  std::map<std::uint64_t, completion_listener*> listeners_;
  std::uint64_t next_listener_ = 1;
  std::uint32_t next_question_ = 1;
  std::map<std::uint32_t, std::optional<holder_event>> questions_; // asked, and answered if there
  std::map<task_id, std::optional<bool>> takes_;
  std::uint32_t waiting_for_room_ = 0;
  bool told_of_room_ = false;               // somebody was told that submit waits
  std::condition_variable room_;            // fewer pending, or closed
  std::condition_variable changed_;         // workers, answers, moving_, closed
  std::shared_ptr<client_core> keep_alive_; // closed, but there are slots
};

} // namespace weft::detail
