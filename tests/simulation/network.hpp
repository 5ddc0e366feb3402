#pragma once

#include "runtime/holder/protocol.hpp"
#include "runtime/worker/protocol.hpp"
#include "tests/simulation/clock.hpp"
#include "tests/support/seeded_random.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace weft::test {

using namespace detail;

class world;

/// The data movers of all workers and clients, with the connections between them. Each connection is first
/// come, first served in both directions; when it breaks, what is under way is lost, whoever asked hears that
/// it cannot reach the other, and that one hears that its requester is gone.
class simulated_network {
 public:
  explicit simulated_network(world& its);

  /// Who asks: a worker, or a client.
  struct party {
    worker_id worker;
    client_id client;
    friend auto operator<=>(const party&, const party&) = default;
  };

  void introduce(party who, worker_id to);
  /// `who` was told that this worker is gone.
  void forget(party who, worker_id to);
  void perform(party who, std::vector<transfer_command>& commands);
  /// The party has ended; so have its connections.
  void ended(party who);
  /// Breaks a connection by chance, if there is one.
  void break_one();
  bool idle() const;

 private:
  struct connection {
    party from;
    worker_id to;
    bool open = true;
    instant last_there;
    instant last_back;
    std::set<task_id> pending; // asked for and not answered
    std::set<task_id> asked;   // ever
    bool putting = false;      // ever
    std::size_t puts_under_way = 0;
  };

  void request(party who, const request_value& command);
  void put(party who, const put_value& command);
  void answer(requester_id to, task_id task, value_ptr value, bool moved);
  requester_id connect(party who, worker_id to);
  void break_connection(requester_id id);
  void unreachable(party who, worker_id to, const std::set<task_id>& asked, bool putting);
  void there(requester_id id, worker_event event);

  world& world_;
  seeded_random chance_;
  std::map<requester_id, connection> connections_; // ids are never used again
  std::map<std::pair<party, worker_id>, requester_id> open_;
  std::set<std::pair<party, worker_id>> introduced_;
  requester_id next_ = 1;
};

} // namespace weft::test
