#include "actors/scheduler_gate.hpp"

#include "actors/link.hpp"
#include "actors/log.hpp"
#include "actors/peer_identity.hpp"
#include "actors/scheduler_host.hpp"
#include "actors/speaks_for.hpp"
#include "runtime/core/instant.hpp"
#include "runtime/services/hello_session.hpp"
#include "runtime/services/listener.hpp"

#include <list>
#include <map>
#include <optional>

namespace weft::detail {

namespace {

using worker_link = link<worker_event, scheduler_event>;
using client_link = link<holder_event, scheduler_event>;

constexpr std::uint16_t default_port = 8786;
constexpr std::chrono::milliseconds hello_timeout{2'000};
// How long a name is kept for a worker whose hello was accepted and whose connection then never came.
constexpr std::chrono::milliseconds reservation{2 * hello_timeout};
// How long the end of a connection waits for the parent to tell how the process ended.
constexpr std::chrono::milliseconds grace{3000};

} // namespace

// What the io thread calls stays alive as long as it may be called.
class scheduler_gate::implementation : public std::enable_shared_from_this<scheduler_gate::implementation> {
 public:
  implementation(std::shared_ptr<process_actors> actors, std::weak_ptr<scheduler_host> host,
                 const scheduler_options& options)
      : actors_(std::move(actors)), host_(std::move(host)), options_(options), key_(options.key->bytes()),
        self_(describe_self(peer_role::scheduler, "scheduler")),
        transfer_(std::make_shared<transfer>(
            actors_->io(), transfer::settings{.key = key_, .self = self_, .log = log_error})) {}

  void open() {
    timer_ = actors_->timers().add([weak = weak_from_this()](instant now) {
      const auto self = weak.lock();
      return self ? self->on_timer(now) : std::nullopt;
    });
    if (!options_.listen) return;
    const auto where = endpoint::parse(*options_.listen, default_port);
    listener_.emplace(
        actors_->io(), where,
        listener::settings{.key = key_, .self = self_, .insecure = options_.insecure, .same_machine = true},
        listener::callbacks{
            .decide = [this](const peer_description& peer) { return decide(peer); },
            .connected = [this](connection connected) { take_in(std::move(connected), false); },
            .dropped = log_error,
        });
  }

  void adopt(unique_descriptor socket) {
    auto shared = std::make_shared<unique_descriptor>(std::move(socket));
    actors_->io().post([self = shared_from_this(), shared] { self->begin_hello(std::move(*shared)); });
  }

  void close() {
    if (listener_) listener_->close();
    std::map<worker_id, std::shared_ptr<worker_link>> workers;
    std::map<client_id, std::shared_ptr<client_link>> clients;
    actors_->io().run([&] {
      // Under no lock, but on the thread that takes connections in: from now on it takes in none.
      for (auto& session : sessions_)
        session->cancel();
      sessions_.clear();
      std::lock_guard lock{mutex_};
      closed_ = true;
      workers = workers_;
      clients = clients_;
    });
    const std::string why = "the scheduler was stopped";
    for (const auto& [id, link] : workers)
      link->begin_close(why);
    for (const auto& [id, link] : clients)
      link->begin_close(why);
    for (const auto& [id, link] : workers)
      link->close(why);
    for (const auto& [id, link] : clients)
      link->close(why);
    transfer_->close();
    timer_.end();
  }

  std::string address() const { return listener_ ? to_string(listener_->where()) : "inproc"; }

  std::string data_address() {
    std::lock_guard lock{mutex_};
    if (listener_) {
      const auto& host = listener_->where().host;
      // Where it listens at all addresses, peers know best by which of them they reach it.
      return host == "0.0.0.0" || host == "::" ? "" : to_string(listener_->where());
    }
    if (data_address_.empty()) data_address_ = to_string(transfer_->listen({"127.0.0.1", 0}));
    return data_address_;
  }

  const std::shared_ptr<transfer>& data() const noexcept { return transfer_; }

  void worker_process_ended(const std::string& name, const std::string& how) {
    const auto host = host_.lock();
    if (!host) return;
    std::optional<worker_id> lost;
    {
      std::lock_guard lock{mutex_};
      if (const auto found = awaited_.find(name); found != awaited_.end()) {
        lost = found->second.id;
        awaited_.erase(found);
      } else if (const worker_id id = host->members().worker_named(name)) {
        // What it said last may not be read yet: its connection's end is the end. It comes, unless a child of
        // the process holds the connection open.
        if (!closed_ && workers_.contains(id))
          await_other_word(name, {id, how, instant::now() + grace});
        else
          lost = id;
      }
    }
    if (lost) host->lose_worker(*lost, how);
  }

 private:
  // Of a worker process two tell that it has ended: its connection, and its parent, who knows how. The first
  // waits for the other.
  struct awaited_end {
    worker_id id;
    std::string how;
    instant until;
  };

  void await_other_word(const std::string& name, awaited_end end) {
    timer_.wake_at(end.until);
    awaited_.insert_or_assign(name, std::move(end));
  }

  // -- hellos, on the io thread
  // ----------------------------------------------------------------------------------

  void begin_hello(unique_descriptor socket) {
    {
      std::lock_guard lock{mutex_};
      if (closed_) return;
    }
    auto place = sessions_.emplace(sessions_.end());
    *place = std::make_shared<hello_session>(
        actors_->io().context(), std::move(socket), handshake::acceptor(key_, self_, make_nonce()),
        hello_timeout, [this](const peer_description& peer) { return decide(peer); },
        [self = shared_from_this(), place](hello_session::outcome outcome) {
          self->sessions_.erase(place);
          if (!outcome.error.empty())
            return log_error("a worker process that has just been started " + outcome.error);
          self->take_in(std::move(outcome.connected), true);
        });
    const auto session = *place; // it may leave the list before start returns
    session->start();
  }

  hello_verdict decide(const peer_description& peer) {
    if (peer.purpose == connection_purpose::data) return hello_verdict::accept();
    const auto host = host_.lock();
    if (!host) return hello_verdict::refuse("the scheduler is stopping");
    if (peer.role == peer_role::client)
      return hello_verdict::accept(encode_identity({host->members().add_client().value, peer.name}));
    if (peer.role != peer_role::worker)
      return hello_verdict::refuse("a scheduler takes in workers and clients only");
    free_stale_names(*host);
    const auto member = host->members().add_worker(peer.name);
    if (!member) return hello_verdict::refuse("there is a worker named " + peer.name + " already");
    reserved_.emplace(member->id, instant::now() + reservation);
    return hello_verdict::accept(encode_identity({member->id.value, member->name}));
  }

  void free_stale_names(scheduler_host& host) {
    const instant now = instant::now();
    std::erase_if(reserved_, [&](const auto& entry) {
      if (entry.second > now) return false;
      host.members().remove_worker(entry.first);
      return true;
    });
  }

  void take_in(connection connected, bool inherited) {
    if (connected.peer.purpose == connection_purpose::data) return transfer_->adopt(std::move(connected));
    const auto host = host_.lock();
    if (!host) return;
    const auto identity = decode_identity(connected.told);
    std::lock_guard lock{mutex_};
    if (closed_) return;
    if (connected.peer.role == peer_role::client)
      take_in_client(*host, client_id{identity.id}, std::move(connected));
    else
      take_in_worker(*host, worker_id{identity.id}, identity.name, std::move(connected), inherited);
  }

  void take_in_worker(scheduler_host& host, worker_id id, const std::string& name, connection connected,
                      bool inherited) {
    reserved_.erase(id);
    link_settings<worker_event, scheduler_event> how;
    how.peer = event_source::worker;
    const std::string who = "worker " + name + describe_peer(connected.peer);
    how.peer_name = who;
    how.socket = std::move(connected);
    how.silence_limit = options_.silence_limit;
    how.may_say = [id, name](const scheduler_event& event) {
      const auto* joined = std::get_if<worker_joined>(&event);
      if (joined &&
          (!joined->attributes || joined->attributes->name != name || joined->attributes->shares_process))
        return false;
      return speaks_for(event, id);
    };
    how.refused = [id](const worker_event& event, failure_ptr why,
                       std::vector<scheduler_event>& hear) -> std::optional<worker_event> {
      if (const auto* compute = std::get_if<compute_task>(&event))
        hear.emplace_back(task_failed{id, compute->task, compute->run, 0, std::move(why)});
      return std::nullopt;
    };
    how.on_closed = [weak = weak_from_this(), id, name, who,
                     inherited](const std::string& why, bool on_purpose, std::vector<scheduler_event>&) {
      if (const auto self = weak.lock()) self->on_worker_closed(id, name, who, why, inherited && !on_purpose);
    };
    auto link = make_link(*actors_, std::move(how));
    workers_.emplace(id, link);
    note(who + " joined");
    host.add_worker(id, link->to_peer());
    link->start(host.make_port());
  }

  void take_in_client(scheduler_host& host, client_id id, connection connected) {
    link_settings<holder_event, scheduler_event> how;
    how.peer = event_source::client;
    const std::string who = "client " + connected.peer.name + describe_peer(connected.peer);
    how.peer_name = who;
    how.socket = std::move(connected);
    how.silence_limit = options_.silence_limit;
    how.may_say = [id](const scheduler_event& event) { return speaks_for(event, id); };
    how.on_closed = [weak = weak_from_this(), id, who](const std::string& why, bool,
                                                       std::vector<scheduler_event>& hear) {
      hear.emplace_back(client_left{id});
      if (const auto self = weak.lock()) {
        std::lock_guard lock{self->mutex_};
        self->note(who + " left: " + why);
        self->clients_.erase(id);
      }
    };
    auto link = make_link(*actors_, std::move(how));
    clients_.emplace(id, link);
    note(who + " joined");
    host.add_client(id, link->to_peer());
    link->start(host.make_port());
  }

  // For people, of a scheduler that was started by hand. Under mutex_.
  void note(const std::string& sentence) const {
    if (listener_ && !closed_) log_error(sentence);
  }

  // -- ends
  // ------------------------------------------------------------------------------------------------------

  void on_worker_closed(worker_id id, const std::string& name, const std::string& who, const std::string& why,
                        bool await_parent) {
    const auto host = host_.lock();
    std::string how = why;
    {
      std::lock_guard lock{mutex_};
      note(who + " left: " + why);
      workers_.erase(id);
      const auto found = awaited_.find(name);
      if (found != awaited_.end() && found->second.id == id) {
        how = std::move(found->second.how);
        awaited_.erase(found);
      } else if (await_parent && !closed_ && host && host->members().worker_named(name) == id) {
        return await_other_word(name, {id, why, instant::now() + grace});
      }
    }
    if (host) host->lose_worker(id, how);
  }

  std::optional<instant> on_timer(instant now) {
    std::vector<awaited_end> over;
    std::optional<instant> next;
    {
      std::lock_guard lock{mutex_};
      std::erase_if(awaited_, [&](auto& entry) {
        if (entry.second.until > now) {
          next = next ? std::min(*next, entry.second.until) : entry.second.until;
          return false;
        }
        over.push_back(std::move(entry.second));
        return true;
      });
    }
    if (const auto host = host_.lock())
      for (const auto& each : over)
        host->lose_worker(each.id, each.how);
    return next;
  }

  const std::shared_ptr<process_actors> actors_;
  const std::weak_ptr<scheduler_host> host_;
  const scheduler_options options_;
  const key_bytes key_;
  const peer_description self_;
  const std::shared_ptr<transfer> transfer_;
  std::optional<listener> listener_;
  timer_thread::timer timer_;

  // The io thread's:
  std::list<std::shared_ptr<hello_session>> sessions_;
  std::map<worker_id, instant> reserved_;

  std::mutex mutex_; // guards what follows
  bool closed_ = false;
  std::string data_address_;
  std::map<worker_id, std::shared_ptr<worker_link>> workers_;
  std::map<client_id, std::shared_ptr<client_link>> clients_;
  std::map<std::string, awaited_end> awaited_; // by the worker's name
};

scheduler_gate::scheduler_gate(std::shared_ptr<process_actors> actors, std::weak_ptr<scheduler_host> host,
                               const scheduler_options& options)
    : implementation_(std::make_shared<implementation>(std::move(actors), std::move(host), options)) {}

scheduler_gate::~scheduler_gate() = default;

void scheduler_gate::open() {
  implementation_->open();
}
void scheduler_gate::adopt(unique_descriptor socket) {
  implementation_->adopt(std::move(socket));
}
void scheduler_gate::close() {
  implementation_->close();
}
std::string scheduler_gate::address() const {
  return implementation_->address();
}
std::string scheduler_gate::data_address() const {
  return implementation_->data_address();
}
std::shared_ptr<transfer> scheduler_gate::data() const {
  return implementation_->data();
}
void scheduler_gate::worker_process_ended(const std::string& name, const std::string& how) {
  implementation_->worker_process_ended(name, how);
}

} // namespace weft::detail
