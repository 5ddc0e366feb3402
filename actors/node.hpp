#pragma once

#include "runtime/holder/protocol.hpp"
#include "runtime/scheduler/protocol.hpp"
#include "runtime/scheduler/scheduler_settings.hpp"
#include "runtime/services/cluster_key.hpp"
#include "runtime/services/data_mover.hpp"
#include "runtime/services/descriptor.hpp"
#include "runtime/services/ports.hpp"

#include <weft/ids.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// All that api/ sees of the actors. Includes no CAF. Everything here may be called from any thread, but not
/// from a callback that it makes and not from user code on CAF's threads.
namespace weft::detail {

struct scheduler_options {
  /// Where others may connect, as endpoint::parse reads it; port 0 picks a free one. None: nothing listens.
  std::optional<std::string> listen;
  /// Allows an address that other machines reach.
  bool insecure = false;
  /// The cluster's secret. Needed to listen and for accept_socket; without one no socket is ever opened.
  std::optional<cluster_key> key;
  scheduler_settings settings;
  /// A connection that has said nothing for so long counts as lost.
  std::chrono::milliseconds silence_limit{15'000};
};

struct worker_options {
  std::string name;               ///< empty: made up, unique in the cluster
  std::uint32_t threads = 1;      ///< how many tasks run at once, at least 1
  std::uint64_t memory_limit = 0; ///< bytes; 0: not known
  /// How long a thread without work looks for some before it sleeps. Only where there is a core for each
  /// thread.
  std::chrono::nanoseconds spin{100'000};
  /// How often it says how it is (and that it is).
  std::chrono::milliseconds report_interval{500};
};

/// How a process that is not the scheduler's reaches the cluster: over the network, or over a socket that it
/// inherited.
struct cluster_address {
  std::string address;      ///< as endpoint::parse reads it; what errors and people are told
  unique_descriptor socket; ///< if it holds one, it is used instead of connecting to `address`
  cluster_key key;
  std::string key_source = {};              ///< the key's file, if it is from one; see connector::settings
  std::chrono::milliseconds timeout{5'000}; ///< for connecting and the hello together
  bool retry = false;                       ///< whether to try again until then when nobody is there yet
  bool insecure = false;                    ///< allows an address that is not this machine's loopback
  std::chrono::milliseconds silence_limit{15'000};
};

/// What a client does with what the scheduler and the movers of data say.
class client_sink {
 public:
  virtual ~client_sink() = default;
  /// Takes the events, in order, leaving the vector empty; at most a few hundred at a time. Called by one
  /// thread at a time (CAF's, a worker's, or one that called data_mover::perform); must not block and must
  /// not throw.
  virtual void deliver(std::vector<holder_event>& events) = 0;
};

/// A scheduler in this process. Destroying it stops it.
class scheduler_handle {
 public:
  virtual ~scheduler_handle() = default;

  /// "127.0.0.1:8786", with the real port; "inproc" if it does not listen.
  virtual std::string address() const = 0;

  /// Plays the scheduler's part on a socket that a worker process inherited the other end of. Throws
  /// std::logic_error without a key.
  virtual void accept_socket(unique_descriptor socket) = 0;

  /// Lets a worker hand over what it has and leave. False if there is none of this name.
  virtual bool retire_worker(const std::string& name) = 0;

  /// The parent of a worker process knows best how it ended ("killed by signal 9", "exit code 3"): whoever
  /// runs into its death is told so. May come before or after its connection closes.
  virtual void worker_process_ended(const std::string& name, const std::string& how) = 0;

  /// Waits until the scheduler has counted on this worker; false if it was lost before, or was never there.
  virtual bool wait_until_joined(const std::string& name) const = 0;

  /// Names of the workers that have joined and not left.
  virtual std::vector<std::string> worker_names() const = 0;

  /// Closes the port and all links and ends the actor; clients hear scheduler_lost. Idempotent.
  virtual void stop() = 0;
};

/// A worker in this process.
class worker_handle {
 public:
  /// Stops it, however long its tasks run.
  virtual ~worker_handle() = default;

  virtual worker_id id() const noexcept = 0;
  virtual const std::string& name() const noexcept = 0;

  /// Takes no more tasks, asks those that run to stop (see weft::this_task), waits for them up to `limit`,
  /// then leaves the cluster. Returns the keys of the tasks that still run: threads cannot be killed, so call
  /// it again, or end the process. Idempotent.
  virtual std::vector<std::string> stop(std::chrono::nanoseconds limit) = 0;

  /// Whether it is one of its tasks that asks.
  virtual bool runs_calling_thread() const noexcept = 0;

  /// Asks the tasks that run to stop and waits for them up to `limit`, but goes on being a worker. Returns
  /// the keys of those that still run.
  virtual std::vector<std::string> wait_for_tasks(std::chrono::nanoseconds limit) = 0;

  /// Asks the scheduler to let it hand over what only it has and leave; wait_until_left says when it has.
  virtual void ask_to_retire() = 0;

  /// Waits until the worker is of no more use: it was retired, or its scheduler is lost. False if the time
  /// passed first.
  virtual bool wait_until_left(std::chrono::nanoseconds limit) = 0;

  /// Why it left: "retired", "lost the scheduler: connection closed". Empty while it has not.
  virtual std::string how_it_left() const = 0;
};

/// A client's connection to a scheduler.
class client_connection {
 public:
  /// Closes.
  virtual ~client_connection() = default;

  virtual client_id id() const noexcept = 0;
  /// What the client says.
  virtual const port<scheduler_event>& scheduler() const noexcept = 0;
  virtual data_mover& data() noexcept = 0;
  /// For people: "inproc", "127.0.0.1:8786".
  virtual const std::string& scheduler_address() const noexcept = 0;
  /// Whether tasks and values may have to leave this process: the scheduler is elsewhere, or others may join
  /// it.
  virtual bool may_travel() const noexcept = 0;

  /// Begins to deliver. The sink must live until `close` has returned. Call once, before sending anything.
  virtual void start(client_sink& sink) = 0;

  /// Leaves the cluster: nobody wants this client's tasks any more. When it returns, the sink is not called
  /// any more. Must not be called from `deliver`. Idempotent.
  virtual void close() = 0;
};

/// The process's actors: one actor system, made when somebody first needs it, destroyed with its last user
/// (handles are users), made again if need be.
class node {
 public:
  /// The process's.
  static std::shared_ptr<node> instance();

  virtual ~node() = default;

  /// Throws connection_error (port in use, not this machine's, not loopback though not insecure) and
  /// std::invalid_argument (not an address, or `listen` without a key).
  virtual std::shared_ptr<scheduler_handle> start_scheduler(scheduler_options options) = 0;

  /// A worker that shares this process with its scheduler: nothing is serialised. Throws connection_error if
  /// the cluster has a worker of this name or the scheduler was stopped.
  virtual std::shared_ptr<worker_handle> start_worker(const std::shared_ptr<scheduler_handle>& scheduler,
                                                      worker_options options) = 0;

  /// A worker of a scheduler in another process. `left` (may be empty) is called once, on some thread, as
  /// soon as wait_until_left would return, with how_it_left; it must not block. Throws connection_error and
  /// timeout_error, naming the address; std::invalid_argument for one that is not loopback though not
  /// `insecure`.
  virtual std::shared_ptr<worker_handle> join_cluster(cluster_address where, worker_options options,
                                                      std::function<void(const std::string&)> left = {}) = 0;

  /// A client of a scheduler in this process.
  virtual std::shared_ptr<client_connection> connect(const std::shared_ptr<scheduler_handle>& scheduler,
                                                     const std::string& client_name) = 0;
  /// A client of a scheduler in another process. Throws as join_cluster does.
  virtual std::shared_ptr<client_connection> connect(cluster_address where,
                                                     const std::string& client_name) = 0;
};

} // namespace weft::detail
