#include "actors/node.hpp"
#include "runtime/services/cluster_key.hpp"
#include "runtime/services/endpoint.hpp"

#include <weft/scheduler.hpp>

#include <stdexcept>

namespace weft {

struct scheduler::implementation {
  std::shared_ptr<detail::node> node;
  std::shared_ptr<detail::scheduler_handle> handle;
};

namespace {

std::optional<std::filesystem::path> chosen(const std::string& key_file) {
  if (key_file.empty()) return std::nullopt;
  return key_file;
}

} // namespace

scheduler::scheduler(const scheduler_options& options) {
  if (options.host.empty()) throw std::invalid_argument("the host is empty: nothing says where to listen");
  detail::scheduler_options how;
  how.listen = to_string(detail::endpoint{options.host, options.port});
  how.insecure = options.insecure;
  how.key = detail::cluster_key::read_or_make_file(detail::cluster_key::file_path(chosen(options.key_file)));
  auto node = detail::node::instance();
  auto handle = node->start_scheduler(std::move(how));
  implementation_ = new implementation{std::move(node), std::move(handle)};
}

scheduler::~scheduler() {
  implementation_->handle->stop();
  delete implementation_;
}

std::string scheduler::address() const {
  return implementation_->handle->address();
}

} // namespace weft
