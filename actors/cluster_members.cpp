#include "actors/cluster_members.hpp"

#include <algorithm>

namespace weft::detail {

std::optional<cluster_members::worker> cluster_members::add_worker(const std::string& wished_name) {
  std::lock_guard lock{mutex_};
  if (!wished_name.empty() && workers_.contains(wished_name)) return std::nullopt;
  const worker_id id{++workers_made_};
  std::string name = wished_name;
  for (std::uint32_t number = id.value; name.empty(); ++number)
    if (auto made_up = "worker-" + std::to_string(number); !workers_.contains(made_up))
      name = std::move(made_up);
  departed_.erase(name);
  workers_.emplace(name, record{id});
  return worker{id, std::move(name)};
}

bool cluster_members::remove_worker(worker_id id) {
  std::lock_guard lock{mutex_};
  const auto found = std::find_if(workers_.begin(), workers_.end(),
                                  [&](const auto& entry) { return entry.second.id == id; });
  if (found == workers_.end()) return false;
  if (found->second.joined) departed_.insert(found->first);
  workers_.erase(found);
  changed_.notify_all();
  return true;
}

worker_id cluster_members::worker_named(const std::string& name) const {
  std::lock_guard lock{mutex_};
  const auto found = workers_.find(name);
  return found == workers_.end() ? worker_id{} : found->second.id;
}

void cluster_members::mark_joined(worker_id id) {
  std::lock_guard lock{mutex_};
  for (auto& [name, its] : workers_)
    its.joined |= its.id == id;
  changed_.notify_all();
}

bool cluster_members::wait_until_joined(const std::string& name) const {
  std::unique_lock lock{mutex_};
  for (;;) {
    const auto found = workers_.find(name);
    if (found == workers_.end()) return departed_.contains(name);
    if (ended_) return false;
    if (found->second.joined) return true;
    changed_.wait(lock);
  }
}

void cluster_members::end() {
  std::lock_guard lock{mutex_};
  ended_ = true;
  changed_.notify_all();
}

std::vector<std::string> cluster_members::worker_names() const {
  std::lock_guard lock{mutex_};
  std::vector<std::string> names;
  for (const auto& [name, its] : workers_)
    names.push_back(name);
  return names;
}

client_id cluster_members::add_client() {
  std::lock_guard lock{mutex_};
  return client_id{++clients_made_};
}

} // namespace weft::detail
