#include "actors/remote_scheduler.hpp"

#include "actors/link.hpp"
#include "actors/local_client.hpp"
#include "actors/local_worker.hpp"
#include "actors/log.hpp"
#include "actors/peer_identity.hpp"
#include "runtime/services/connector.hpp"
#include "runtime/services/function_registry.hpp"

#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>

namespace weft::detail {

namespace {

using worker_side = link<scheduler_event, worker_event>;
using client_side = link<scheduler_event, holder_event>;

// A connection that the scheduler has accepted, and what goes with it.
struct membership {
  connection control;
  peer_identity identity;
  key_bytes key;
  std::string name;         // what people are told
  std::string data_address; // of workers that announce none: they live in the scheduler's process
  std::chrono::milliseconds silence_limit;
};

membership join(process_actors& actors, cluster_address where, peer_role role, const std::string& name) {
  connector::settings how{.key = where.key.bytes(),
                          .self = describe_self(role, name),
                          .timeout = where.timeout,
                          .retry = where.retry,
                          .insecure = where.insecure,
                          .key_source = where.key_source};
  membership result;
  result.key = where.key.bytes();
  result.silence_limit = where.silence_limit;
  if (where.socket) {
    result.name = where.address.empty() ? "the process that started this one" : where.address;
    result.control = connector::connect(actors.io(), std::move(where.socket), result.name, std::move(how));
  } else {
    const endpoint to = endpoint::parse(where.address, 8786);
    result.name = result.data_address = to_string(to);
    result.control = connector::connect(actors.io(), to, std::move(how));
  }
  result.identity = decode_identity(result.control.peer.extra);
  return result;
}

std::shared_ptr<transfer> make_transfer(process_actors& actors, const membership& member, peer_role role) {
  return std::make_shared<transfer>(
      actors.io(),
      transfer::settings{.key = member.key,
                         .self = describe_self(role, member.identity.name, connection_purpose::data),
                         .log = log_error});
}

// Others ask where this process reaches the scheduler from; over an inherited socket all is on one machine.
endpoint data_endpoint(const connection& control) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  const bool networked =
      ::getsockname(control.socket.get(), reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
      (own.ss_family == AF_INET || own.ss_family == AF_INET6);
  return {networked ? local_endpoint(control.socket.get()).host : "127.0.0.1", 0};
}

attributes_ptr describe_worker(const membership& member, const worker_options& options,
                               const endpoint& data) {
  auto attributes = std::make_shared<worker_attributes>();
  attributes->name = member.identity.name;
  attributes->address = to_string(data);
  attributes->threads = std::max<std::uint32_t>(options.threads, 1);
  attributes->memory_limit = options.memory_limit;
  attributes->pid = static_cast<std::uint32_t>(::getpid());
  auto& functions = function_registry::instance();
  for (const auto& module : functions.modules())
    attributes->modules.push_back(functions.intern_module(module));
  return attributes;
}

template <class In>
link_settings<scheduler_event, In> settings_of(membership& member) {
  link_settings<scheduler_event, In> how;
  how.socket = std::move(member.control);
  how.peer = event_source::scheduler;
  how.peer_name = "the scheduler at " + member.name;
  how.silence_limit = member.silence_limit;
  return how;
}

class remote_worker final : public worker_handle {
 public:
  remote_worker(std::shared_ptr<local_worker> worker, std::shared_ptr<worker_side> link,
                std::shared_ptr<transfer> data)
      : worker_(std::move(worker)), link_(std::move(link)), data_(std::move(data)) {}
  ~remote_worker() override { stop(std::chrono::nanoseconds::max()); }

  worker_id id() const noexcept override { return worker_->id(); }
  const std::string& name() const noexcept override { return worker_->name(); }
  std::vector<std::string> stop(std::chrono::nanoseconds limit) override {
    auto running = worker_->stop(limit);
    if (!running.empty()) return running;
    link_->close("stopped");
    data_->close();
    return {};
  }
  bool runs_calling_thread() const noexcept override { return worker_->runs_calling_thread(); }
  std::vector<std::string> wait_for_tasks(std::chrono::nanoseconds limit) override {
    return worker_->wait_for_tasks(limit);
  }
  void ask_to_retire() override { worker_->ask_to_retire(); }
  bool wait_until_left(std::chrono::nanoseconds limit) override { return worker_->wait_until_left(limit); }
  std::string how_it_left() const override { return worker_->how_it_left(); }

 private:
  const std::shared_ptr<local_worker> worker_;
  const std::shared_ptr<worker_side> link_;
  const std::shared_ptr<transfer> data_;
};

class remote_client final : public client_connection {
 public:
  remote_client(std::shared_ptr<process_actors> actors, std::unique_ptr<local_client> client,
                std::shared_ptr<client_side> link, std::shared_ptr<transfer> data)
      : actors_(std::move(actors)), link_(std::move(link)), data_(std::move(data)),
        client_(std::move(client)) {}
  ~remote_client() override { close(); }

  client_id id() const noexcept override { return client_->id(); }
  const port<scheduler_event>& scheduler() const noexcept override { return client_->scheduler(); }
  data_mover& data() noexcept override { return client_->data(); }
  const std::string& scheduler_address() const noexcept override { return client_->scheduler_address(); }
  bool may_travel() const noexcept override { return true; }
  void start(client_sink& sink) override { client_->start(sink); }
  void close() override {
    client_->close();
    link_->close("the client closed");
    data_->close();
  }

 private:
  const std::shared_ptr<process_actors> actors_; // link and transfer need its threads to the last
  const std::shared_ptr<client_side> link_;
  const std::shared_ptr<transfer> data_;
  const std::unique_ptr<local_client> client_; // its data mover is the transfer's
};

} // namespace

std::shared_ptr<worker_handle> join_remote_cluster(std::shared_ptr<process_actors> actors,
                                                   cluster_address where, const worker_options& options,
                                                   std::function<void(const std::string&)> left) {
  const bool insecure = where.insecure;
  auto member = join(*actors, std::move(where), peer_role::worker, options.name);
  auto data = make_transfer(*actors, member, peer_role::worker);
  // Whoever reaches the scheduler from another machine wants to be reached by others there.
  const endpoint data_at = data->listen(data_endpoint(member.control), insecure);
  const auto attributes = describe_worker(member, options, data_at);
  const worker_id id{member.identity.id};

  auto how = settings_of<worker_event>(member);
  const auto lost = std::make_shared<std::weak_ptr<local_worker>>();
  how.on_closed = [lost](const std::string& why, bool, std::vector<worker_event>&) {
    if (const auto worker = lost->lock()) worker->lose_scheduler(why);
  };
  auto control = make_link(*actors, std::move(how));

  auto worker = local_worker::make(
      actors, id, options, function_registry::instance(),
      {.scheduler = control->to_peer(),
       .router = std::make_shared<data_router>(data, member.data_address),
       .attributes = attributes,
       .where = stage::io,
       .flush_reports =
           [weak = std::weak_ptr(control)] {
             if (const auto link = weak.lock()) link->flush();
           },
       .on_left =
           [weak = std::weak_ptr(control), left = std::move(left)](const std::string& why) {
             if (const auto link = weak.lock()) link->begin_close(why);
             if (left) left(why);
           }});
  *lost = worker;
  control->start(worker->port_for_scheduler());
  worker->start();
  return std::make_shared<remote_worker>(std::move(worker), std::move(control), std::move(data));
}

std::shared_ptr<client_connection> connect_to_remote_cluster(std::shared_ptr<process_actors> actors,
                                                             cluster_address where,
                                                             const std::string& client_name) {
  auto member = join(*actors, std::move(where), peer_role::client, client_name);
  auto data = make_transfer(*actors, member, peer_role::client);
  const client_id id{member.identity.id};

  auto how = settings_of<holder_event>(member);
  how.refused = [](const scheduler_event& event, failure_ptr why,
                   std::vector<holder_event>&) -> std::optional<scheduler_event> {
    const auto* submit = std::get_if<submit_task>(&event);
    if (!submit) return std::nullopt;
    const bool keyed = submit->demands && !submit->demands->key.empty();
    return fail_task{submit->task, why->told_of(keyed ? submit->demands->key
                                                      : printable_key(function_registry::instance(),
                                                                      submit->function, submit->task),
                                                {})};
  };
  how.on_closed = [](const std::string& why, bool, std::vector<holder_event>& hear) {
    hear.emplace_back(scheduler_lost{why});
  };
  auto control = make_link(*actors, std::move(how));

  auto client = std::make_unique<local_client>(
      actors, id,
      local_client::connections{.scheduler = control->to_peer(),
                                .router = std::make_shared<data_router>(data, member.data_address),
                                .scheduler_address = member.name,
                                .may_travel = true,
                                .where = stage::io,
                                .join =
                                    [control, id, client_name](const port<holder_event>& to) {
                                      std::vector<scheduler_event> joined;
                                      joined.emplace_back(client_joined{id, client_name});
                                      control->to_peer().send(joined);
                                      control->start(to);
                                    },
                                .leave = [control] { control->begin_close("the client closed"); }});
  return std::make_shared<remote_client>(std::move(actors), std::move(client), std::move(control),
                                         std::move(data));
}

} // namespace weft::detail
