#pragma once

#include <weft/ids.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weft::detail {

/// Who belongs to a scheduler's cluster: gives out ids, which are never used again, and sees to it that no
/// two workers have the same name at the same time. Thread-safe.
class cluster_members {
 public:
  struct worker {
    worker_id id;
    std::string name;
  };

  /// A new worker; an empty name is replaced by one that is free. Nothing if the name is taken.
  std::optional<worker> add_worker(const std::string& wished_name);
  /// False if it was not there.
  bool remove_worker(worker_id id);
  /// None: id zero.
  worker_id worker_named(const std::string& name) const;
  std::vector<std::string> worker_names() const;

  client_id add_client();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, worker_id> workers_;
  std::uint32_t workers_made_ = 0;
  std::uint32_t clients_made_ = 0;
};

} // namespace weft::detail
