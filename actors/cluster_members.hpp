#pragma once

#include <weft/ids.hpp>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
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
  /// The scheduler has heard the worker's own word.
  void mark_joined(worker_id id);
  /// Waits for that; what became of the worker since makes no difference. False if the cluster has no such
  /// worker, or has lost it before, or `end` was called.
  bool wait_until_joined(const std::string& name) const;
  /// Nobody will join any more. Idempotent.
  void end();
  std::vector<std::string> worker_names() const;

  client_id add_client();

 private:
  struct record {
    worker_id id;
    bool joined = false;
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool ended_ = false;
  std::map<std::string, record> workers_;
  std::set<std::string> departed_; // had joined
  std::uint32_t workers_made_ = 0;
  std::uint32_t clients_made_ = 0;
};

} // namespace weft::detail
