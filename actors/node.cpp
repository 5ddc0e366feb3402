#include "actors/node.hpp"

#include "actors/process_actors.hpp"
#include "actors/remote_scheduler.hpp"
#include "actors/scheduler_host.hpp"
#include "runtime/services/standard_descriptors.hpp"

#include <mutex>
#include <stdexcept>

namespace weft::detail {

namespace {

scheduler_host& host_of(const std::shared_ptr<scheduler_handle>& scheduler) {
  if (auto* host = dynamic_cast<scheduler_host*>(scheduler.get())) return *host;
  throw std::invalid_argument("weft: this is no scheduler of this process");
}

class process_node final : public node {
 public:
  std::shared_ptr<scheduler_handle> start_scheduler(scheduler_options options) override {
    auto host = std::make_shared<scheduler_host>(actors_, std::move(options));
    host->open();
    return host;
  }
  std::shared_ptr<worker_handle> start_worker(const std::shared_ptr<scheduler_handle>& scheduler,
                                              worker_options options) override {
    return host_of(scheduler).start_worker(options);
  }
  std::shared_ptr<worker_handle> join_cluster(cluster_address where, worker_options options,
                                              std::function<void(const std::string&)> left) override {
    return join_remote_cluster(actors_, std::move(where), options, std::move(left));
  }
  std::shared_ptr<client_connection> connect(const std::shared_ptr<scheduler_handle>& scheduler,
                                             const std::string& client_name) override {
    return host_of(scheduler).connect(client_name);
  }
  std::shared_ptr<client_connection> connect(cluster_address where, const std::string& client_name) override {
    return connect_to_remote_cluster(actors_, std::move(where), client_name);
  }

 private:
  const std::shared_ptr<process_actors> actors_ = std::make_shared<process_actors>();
};

} // namespace

std::shared_ptr<node> node::instance() {
  static std::mutex mutex;
  static std::weak_ptr<node> existing;
  std::lock_guard lock{mutex};
  auto result = existing.lock();
  if (result) return result;
  fill_standard_descriptors(); // a daemon may have closed them since its init, or have none
  existing = result = std::make_shared<process_node>();
  return result;
}

} // namespace weft::detail
