#include "actors/scheduler_host.hpp"

#include "actors/local_client.hpp"
#include "actors/scheduler_gate.hpp"
#include "runtime/services/function_registry.hpp"

#include <weft/errors.hpp>

#include <stdexcept>
#include <unistd.h>

namespace weft::detail {

scheduler_host::scheduler_host(std::shared_ptr<process_actors> actors, scheduler_options options)
    : actors_(std::move(actors)), options_(std::move(options)) {
  if (options_.listen && !options_.key)
    throw std::invalid_argument("weft: a scheduler cannot listen without a cluster's key");
}

void scheduler_host::open() {
  const auto weak = weak_from_this();
  // Where others come in over sockets, the actor runs beside them and saves a hand-over.
  const stage where = options_.key ? stage::io : stage::scheduled;
  shell_ =
      std::make_shared<scheduler_shell>(function_registry::instance(), options_.settings,
                                        scheduler_shell::callbacks{.joined =
                                                                       [weak](worker_id worker) {
                                                                         if (const auto self = weak.lock())
                                                                           self->members_.mark_joined(worker);
                                                                       },
                                                                   .ended =
                                                                       [weak](const std::string& how) {
                                                                         if (const auto self = weak.lock())
                                                                           self->on_ended(how);
                                                                       }});
  actor_ = host_shell<scheduler_event>(actors_->system(), where, shell_);
  port_ = actor_->make_port();
  if (options_.key) {
    gate_ = std::make_shared<scheduler_gate>(actors_, weak, options_);
    gate_->open();
  }
  router_ = std::make_shared<data_router>(gate_ ? gate_->data() : nullptr);
}

scheduler_host::~scheduler_host() {
  stop();
}

void scheduler_host::stop() {
  {
    std::lock_guard lock{mutex_};
    if (std::exchange(stopped_, true)) return;
  }
  if (!actor_) return; // it could not open
  if (gate_) gate_->close();
  actor_->end();
}

// In the actor, as its last word.
void scheduler_host::on_ended(const std::string& how) {
  members_.end();
  std::vector<std::weak_ptr<local_worker>> workers;
  {
    std::lock_guard lock{mutex_};
    stopped_ = true;
    workers.swap(local_workers_);
  }
  for (const auto& weak : workers)
    if (const auto worker = weak.lock()) worker->lose_scheduler(how);
}

std::string scheduler_host::address() const {
  return gate_ ? gate_->address() : "inproc";
}

void scheduler_host::accept_socket(unique_descriptor socket) {
  if (!gate_) throw std::logic_error("weft: a scheduler without a key takes in no other process");
  gate_->adopt(std::move(socket));
}

std::vector<std::string> scheduler_host::worker_names() const {
  return members_.worker_names();
}

bool scheduler_host::wait_until_joined(const std::string& name) const {
  return members_.wait_until_joined(name);
}

bool scheduler_host::retire_worker(const std::string& name) {
  const worker_id worker = members_.worker_named(name);
  if (worker) tell(weft::detail::retire_worker{worker});
  return static_cast<bool>(worker);
}

void scheduler_host::worker_process_ended(const std::string& name, const std::string& how) {
  if (gate_) gate_->worker_process_ended(name, how);
}

// -- who lives in this process
// ---------------------------------------------------------------------------------

std::shared_ptr<worker_handle> scheduler_host::start_worker(const worker_options& options) {
  const auto member = members_.add_worker(options.name);
  if (!member) throw connection_error("the cluster has a worker named " + options.name + " already");
  auto attributes = std::make_shared<worker_attributes>();
  attributes->name = member->name;
  attributes->address = gate_ ? gate_->data_address() : "";
  attributes->threads = std::max<std::uint32_t>(options.threads, 1);
  attributes->memory_limit = options.memory_limit;
  attributes->pid = static_cast<std::uint32_t>(::getpid());
  attributes->shares_process = true;
  auto worker =
      local_worker::make(actors_, member->id, options, function_registry::instance(),
                         {.scheduler = actor_->make_port(),
                          .router = router_,
                          .attributes = std::move(attributes),
                          .on_left = [weak = weak_from_this(), id = member->id](const std::string& how) {
                            if (const auto self = weak.lock()) self->lose_worker(id, how);
                          }});
  {
    std::lock_guard lock{mutex_};
    if (stopped_) {
      members_.remove_worker(member->id);
      throw connection_error("the scheduler was stopped");
    }
    std::erase_if(local_workers_, [](const auto& weak) { return weak.expired(); });
    local_workers_.push_back(worker);
  }
  add_worker(member->id, worker->port_for_scheduler());
  worker->start();
  return worker;
}

std::shared_ptr<client_connection> scheduler_host::connect(const std::string& client_name) {
  const client_id id = members_.add_client();
  const auto scheduler = actor_->make_port();
  const auto say = [scheduler](scheduler_event event) {
    std::vector<scheduler_event> events;
    events.push_back(std::move(event));
    scheduler.send(events);
  };
  return std::make_shared<local_client>(
      actors_, id,
      local_client::connections{
          .scheduler = scheduler,
          .router = router_,
          .scheduler_address = address(),
          .may_travel = gate_ != nullptr,
          .join =
              [self = shared_from_this(), say, id, client_name](const port<holder_event>& to) {
                if (!self->take_in_client(id, to)) return;
                say(client_joined{id, client_name});
              },
          .leave = [say, id] { say(client_left{id}); }});
}

// An actor that has ended answers nobody, so whoever comes too late is told here that it is gone.
bool scheduler_host::take_in_client(client_id client, const port<holder_event>& to) {
  {
    std::lock_guard lock{mutex_};
    if (!stopped_) {
      add_client(client, to); // before its end, which is asked for after stopped_ is set
      return true;
    }
  }
  std::vector<holder_event> last;
  last.emplace_back(scheduler_lost{"the scheduler was stopped"});
  to.send(last);
  return false;
}

// -- for links
// -------------------------------------------------------------------------------------------------

void scheduler_host::add_worker(worker_id worker, port<worker_event> to) {
  actor_->post([shell = shell_.get(), worker, to = std::move(to)] { shell->add_worker(worker, to); });
}

void scheduler_host::add_client(client_id client, port<holder_event> to) {
  actor_->post([shell = shell_.get(), client, to = std::move(to)] { shell->add_client(client, to); });
}

void scheduler_host::lose_worker(worker_id worker, const std::string& how) {
  if (members_.remove_worker(worker)) tell(worker_lost{worker, how});
}

void scheduler_host::tell(scheduler_event event) {
  std::vector<scheduler_event> events;
  events.push_back(std::move(event));
  port_.send(events);
}

} // namespace weft::detail
