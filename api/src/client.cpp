#include "actors/node.hpp"
#include "api/src/close_once.hpp"
#include "api/src/cluster_at.hpp"
#include "api/src/local_cluster_implementation.hpp"
#include "runtime/services/client_core.hpp"
#include "runtime/services/function_registry.hpp"
#include "runtime/services/garbage_thread.hpp"

#include <weft/client.hpp>
#include <weft/errors.hpp>
#include <weft/local_cluster.hpp>

#include <atomic>
#include <cstdio>
#include <ostream>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace weft {

namespace {

std::string name_for(const client_options& options) {
  static std::atomic<unsigned> number{0};
  if (!options.name.empty()) return options.name;
  return "client-" + std::to_string(getpid()) + '-' + std::to_string(number++);
}

// Asked before anything is connected or started.
const client_options& checked(const client_options& options) {
  const auto refuse = [](const char* name) {
    throw std::invalid_argument(std::string("weft: client_options: ") + name +
                                " is 0, with which submit would wait for ever");
  };
  if (options.max_pending == 0) refuse(".max_pending");
  if (options.max_pending_bytes == 0) refuse(".max_pending_bytes");
  return options;
}

detail::client_core::settings limits_of(const client_options& options) {
  return {.max_pending = options.max_pending, .max_pending_bytes = options.max_pending_bytes};
}

std::string readable_size(std::uint64_t bytes) {
  if (bytes == 0) return "0 B";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

} // namespace

struct client::implementation : detail::client_sink {
  implementation(std::shared_ptr<detail::client_connection> its_connection, const client_options& options)
      : connection(std::move(its_connection)),
        core(std::make_shared<detail::client_core>(connection->id(), connection->scheduler(),
                                                   connection->data(), detail::function_registry::instance(),
                                                   limits_of(options))) {
    connection->start(*this);
    // The answer comes after the workers were introduced: a client that is there knows its cluster.
    core->describe_cluster(detail::deadline_after(std::chrono::seconds(5)));
  }
  ~implementation() override { close(); }

  void deliver(std::vector<detail::holder_event>& events) override { core->deliver(events); }

  // Cancels first: who waits wakes up, may destroy the client, and what is said then still reaches the
  // scheduler. What is freed here may close it again.
  void close() {
    close_once_([&] {
      core->close("client closed");
      connection->close();
    });
    detail::garbage_thread::drain(); // on which somebody may just wait for the end of closing
  }

  std::unique_ptr<local_cluster> own_cluster; // declared first: destroyed last
  const std::shared_ptr<detail::client_connection> connection;
  const std::shared_ptr<detail::client_core> core;

 private:
  detail::close_once close_once_;
};

client::client(implementation* own) : implementation_(own), core_(own->core.get()) {}

client::client() : client(client_options{}) {}

client::client(client_options options) : implementation_(nullptr), core_(nullptr) {
  checked(options);
  auto cluster = std::make_unique<local_cluster>();
  client its_client{*cluster, std::move(options)};
  its_client.implementation_->own_cluster = std::move(cluster);
  *this = std::move(its_client);
}

client::client(local_cluster& cluster, client_options options)
    : client(new implementation(cluster.implementation_->connect(name_for(checked(options))), options)) {}

client::client(const std::string& address, client_options options)
    : client([&] {
        detail::cluster_address where =
            detail::cluster_at(address, checked(options).key_file, options.insecure);
        where.timeout =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(options.timeout));
        return new implementation(detail::node::instance()->connect(std::move(where), name_for(options)),
                                  options);
      }()) {}

client::client(const char* address, client_options options)
    : client(std::string(address), std::move(options)) {}

client::client(client&& other) noexcept
    : implementation_(std::exchange(other.implementation_, nullptr)),
      core_(std::exchange(other.core_, nullptr)) {}

client& client::operator=(client&& other) noexcept {
  std::swap(implementation_, other.implementation_);
  std::swap(core_, other.core_);
  return *this;
}

client::~client() {
  delete implementation_;
}

void client::refuse_moved_from() {
  throw std::logic_error("weft: this client was moved from");
}

void client::cancel_own(const any_future& future) const {
  detail::require_of_client(own_core(), future.handle());
  future.cancel();
}

void client::close() {
  if (implementation_) implementation_->close();
}

void client::wait_for_workers(std::size_t count) {
  own_core().wait_for_workers(count, detail::never);
}

void client::wait_for_workers(std::size_t count, nanoseconds limit) {
  if (own_core().wait_for_workers(count, detail::deadline_after(limit))) return;
  throw timeout_error("weft: waited for " + std::to_string(count) + " workers, but the cluster has " +
                      std::to_string(core_->workers().size()));
}

std::vector<worker_info> client::workers() const {
  std::vector<worker_info> result;
  for (const auto& worker : own_core().workers())
    result.push_back({.name = worker->name,
                      .address = worker->address,
                      .threads = worker->threads,
                      .memory_limit = worker->memory_limit,
                      .pid = worker->pid});
  return result;
}

std::string client::scheduler_address() const {
  own_core();
  return implementation_->connection->scheduler_address();
}

std::ostream& operator<<(std::ostream& to, const client& client) {
  if (!client.implementation_) return to << "<Client: moved from>";
  to << "<Client: " << client.scheduler_address();
  try {
    const auto workers = client.workers();
    std::uint64_t threads = 0;
    std::uint64_t memory = 0;
    for (const auto& worker : workers) {
      threads += worker.threads;
      memory += worker.memory_limit;
    }
    to << ", workers: " << workers.size() << ", threads: " << threads
       << ", memory: " << readable_size(memory);
  } catch (const cancelled_error&) {
    to << ", closed";
  } catch (const connection_error&) {
    to << ", the scheduler is gone";
  }
  return to << '>';
}

} // namespace weft
