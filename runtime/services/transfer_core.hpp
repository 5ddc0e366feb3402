#pragma once

#include "runtime/services/connector.hpp"
#include "runtime/services/data_stream.hpp"
#include "runtime/services/listener.hpp"
#include "runtime/services/transfer.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>

namespace weft::detail {

/// What a transfer does: parties, orders and events in transfer.cpp, connections and messages in
/// transfer_links.cpp. Everything lives on the io thread but the inbox, into which the parties put their
/// orders.
class transfer::implementation final : public data_stream_owner,
                                       public std::enable_shared_from_this<transfer::implementation> {
 public:
  using party_number = std::uint32_t;

  // What a party wants.
  struct introduction {
    worker_id worker;
    std::string address;
  };
  struct farewell {
    worker_id worker;
  };
  using orders = std::variant<introduction, farewell, std::vector<transfer_command>>;

  implementation(io_thread& io, settings how)
      : io_(io), settings_(std::move(how)), sweep_timer_(io.context()) {}

  // -- for any thread ---

  endpoint listen(const endpoint& where, bool insecure);
  party_number add_party(worker_id self, transfer_sink& sink);
  void remove_party(party_number number);
  void order(party_number from, orders what);
  void adopt(connection connected);
  std::size_t connection_count();
  void close();

  // -- data_stream_owner ---

  void on_message(data_stream& from, data_message message, received_body body) override;
  void on_not_encoded(data_stream& to, const data_message& message, failure_ptr why) override;
  void on_closed(data_stream& which, const std::string& why, bool orderly) override;

 private:
  struct party_record {
    worker_id self;
    transfer_sink* sink;
    std::map<worker_id, endpoint> addresses;
    std::vector<worker_event> events; // to be delivered
  };
  // A question that this process asked.
  struct asked {
    party_number party;
    worker_id worker;
    task_id task;
  };
  // The way to another process's parties.
  struct link {
    std::unique_ptr<asio::steady_timer> pause; // before connecting, after a failure; null: over
    std::unique_ptr<connector> connecting;
    std::shared_ptr<data_stream> stream;                     // null while connecting
    std::vector<std::pair<data_message, value_ptr>> waiting; // for the stream
    std::map<std::uint64_t, asked> questions;
    std::set<std::pair<party_number, worker_id>> putters; // since it was opened
    std::chrono::steady_clock::time_point last_used;
  };
  // A process that could not be reached.
  struct trouble {
    unsigned failures = 0;
    std::chrono::steady_clock::time_point next_attempt;
  };
  // A connection that another process opened.
  struct visitor {
    std::shared_ptr<data_stream> stream;
    std::set<requester_id> questions;
  };
  // A question that another process asked.
  struct question {
    data_stream* from;
    std::uint64_t number;
    party_number party;
  };

  void drain_inbox();
  void perform(party_number from, transfer_command& command);
  void ask(party_number from, const request_value& what);
  void put(party_number from, put_value& what);
  void answer(requester_id requester, frame_type type, value_ptr value);
  link* link_to(party_number from, worker_id worker);
  void send(link& to, data_message message, value_ptr value);
  void connect(const endpoint& to);
  void connect_after_pause(const endpoint& to, std::chrono::steady_clock::time_point when);
  void on_connected(const endpoint& to, connection connected, std::exception_ptr error);
  void on_answer(link& from, data_message message, received_body body);
  void on_question(data_stream& from, data_message message, received_body body);
  void end_link(std::map<endpoint, link>::iterator which);
  void end_visitor(std::unordered_map<data_stream*, visitor>::iterator which);
  void forget(party_number from, worker_id worker);
  void emit(party_number to, worker_event event);
  void deliver_events();
  void sweep_later();
  void sweep();
  void log(const std::string& sentence) const {
    if (settings_.log) settings_.log(sentence);
  }

  io_thread& io_;
  const settings settings_;
  encoding_thread encoding_;
  std::optional<listener> listener_;
  std::atomic<bool> closed_ = false;

  std::mutex inbox_mutex_; // guards what follows
  std::vector<std::pair<party_number, orders>> inbox_;
  party_number parties_made_ = 0;

  std::map<party_number, party_record> parties_;
  std::map<worker_id, party_number> workers_;
  bool delivery_posted_ = false;

  std::map<endpoint, link> links_;
  std::map<endpoint, trouble> troubles_;
  std::unordered_map<const data_stream*, endpoint> link_endpoints_; // of the links with a stream
  std::uint64_t questions_asked_ = 0;
  asio::steady_timer sweep_timer_;
  bool sweeping_ = false;

  std::unordered_map<data_stream*, visitor> visitors_;
  std::unordered_map<requester_id, question> questions_;
  requester_id questions_heard_ = 0;
};

} // namespace weft::detail
