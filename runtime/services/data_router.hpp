#pragma once

#include "runtime/holder/protocol.hpp"
#include "runtime/services/data_mover.hpp"
#include "runtime/services/ports.hpp"
#include "runtime/services/transfer.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace weft::detail {

/// The data plane of one cluster in this process: values that stay in the process change hands as pointers,
/// all others go to the transfer service. Workers and clients that live here are its parties. Thread-safe.
class data_router : public std::enable_shared_from_this<data_router> {
 public:
  /// `remote`: how other processes are reached; null where there are none. `address_of_nameless`: where
  /// workers that announce no address can be asked; they live in the scheduler's process.
  explicit data_router(std::shared_ptr<transfer> remote = {}, std::string address_of_nameless = {})
      : remote_(std::move(remote)), address_of_nameless_(std::move(address_of_nameless)) {}

  /// Adds a party, which hears answers and questions at this port; its bell rings on the thread that answers.
  /// The result speaks for the party, and its end is the party's: who still waits for it is told.
  std::unique_ptr<data_mover> attach(worker_id self, port<worker_event> to);
  std::unique_ptr<data_mover> attach(client_id self, port<holder_event> to);

 private:
  class party;
  class worker_party;
  class client_party;
  struct deliveries;

  void route(party& from, requester_id its, std::vector<transfer_command>& commands);
  void deliver(deliveries& what);
  void detach(worker_id worker);
  void detach(client_id client);

  const std::shared_ptr<transfer> remote_;
  const std::string address_of_nameless_;

  std::mutex mutex_;
  std::map<worker_id, port<worker_event>> workers_;
  std::map<client_id, client_party*> clients_;
};

} // namespace weft::detail
