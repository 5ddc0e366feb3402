#include "runtime/services/connector.hpp"

#include "runtime/services/address_lookup.hpp"
#include "runtime/services/asio.hpp"
#include "runtime/services/hello_session.hpp"

#include <weft/errors.hpp>

#include <cerrno>
#include <cstring>
#include <future>
#include <stdexcept>
#include <sys/socket.h>

namespace weft::detail {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds first_pause{20};
constexpr std::chrono::milliseconds longest_pause{500};

std::string seconds(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

} // namespace

// Everything but construction happens on the io thread.
class connector::implementation : public std::enable_shared_from_this<connector::implementation> {
 public:
  implementation(asio::io_context& context, endpoint to, std::string name, settings how,
                 finish_function finish)
      : context_(context), to_(std::move(to)), name_(std::move(name)), settings_(std::move(how)),
        finish_(std::move(finish)), until_(clock::now() + settings_.timeout), deadline_(context),
        pause_(context), resolver_(context), socket_(context),
        machine_(handshake::caller(settings_.key, settings_.self, make_nonce(), settings_.versions)) {}

  void start() {
    deadline_.expires_at(until_);
    deadline_.async_wait([self = shared_from_this()](boost_error error) {
      if (!error) self->out_of_time();
    });
    try {
      addresses_ = look_up(to_, true);
    } catch (const connection_error&) {
      return fail(std::current_exception());
    }
    if (!addresses_.empty()) return try_addresses();
    resolver_.async_resolve(
        to_.host, std::to_string(to_.port), asio::ip::resolver_base::numeric_service,
        [self = shared_from_this()](boost_error error, asio::ip::tcp::resolver::results_type found) {
          if (error != asio::error::operation_aborted) self->on_resolved(error, found);
        });
  }

  void begin_hello(unique_descriptor socket) {
    if (!finish_) return;
    stage_ = "it accepted the connection, but did not answer the hello";
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - clock::now());
    session_ = std::make_shared<hello_session>(
        context_, std::move(socket), machine_, std::max(left, std::chrono::milliseconds{1}), nullptr,
        [self = shared_from_this()](hello_session::outcome outcome) {
          if (outcome.timed_out) return self->out_of_time();
          if (!outcome.error.empty()) return self->fail(connection_error(self->told(outcome.error)));
          self->end(std::move(outcome.connected), nullptr);
        });
    auto session = session_;
    session->start();
  }

  void cancel() {
    finish_ = nullptr;
    deadline_.cancel();
    pause_.cancel();
    resolver_.cancel();
    boost_error ignored;
    socket_.close(ignored);
    if (session_) session_->cancel();
    session_ = nullptr;
  }

 private:
  std::string told(const std::string& error) const {
    const bool wrong_key = error.ends_with(wrong_cluster_key) && !settings_.key_source.empty();
    return name_ + ' ' + error + (wrong_key ? " (it is from " + settings_.key_source + ')' : "");
  }

  void on_resolved(boost_error error, const asio::ip::tcp::resolver::results_type& found) {
    if (error)
      return fail(connection_error("cannot find " + to_.host + " (of " + name_ + "): " + error.message()));
    for (const auto& entry : found) {
      auto& address = addresses_.emplace_back();
      auto where = entry.endpoint();
      std::memcpy(&address.storage, where.data(), where.size());
      address.length = static_cast<socklen_t>(where.size());
    }
    try_addresses();
  }

  void try_addresses() {
    try {
      if (!settings_.insecure) require_loopback(to_, addresses_);
    } catch (const std::invalid_argument&) {
      return fail(std::current_exception());
    }
    if (settings_.same_machine) {
      std::vector<socket_address> all;
      for (const auto& address : addresses_) {
        all.push_back(same_machine_address(address));
        all.push_back(address);
      }
      addresses_ = std::move(all);
    }
    try_next_address();
  }

  void try_next_address() {
    if (next_address_ == addresses_.size()) return all_addresses_failed();
    const auto& address = addresses_[next_address_++];
    stage_ = "nobody took the connection";
    unique_descriptor socket{::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) return address_failed(errno);
    if (::connect(socket.get(), address.get(), address.length) < 0 && errno != EINPROGRESS)
      return address_failed(errno);
    socket_.assign(socket.release());
    socket_.async_wait(socket_.wait_write, [self = shared_from_this()](boost_error error) {
      if (!error) self->on_connected();
    });
  }

  void on_connected() {
    unique_descriptor socket{socket_.release()};
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return address_failed(error);
    if (addresses_[next_address_ - 1].family() == AF_UNIX) {
      if (!is_of_same_user(socket.get())) return address_failed(EACCES);
      return begin_hello(std::move(socket));
    }
    // A port that nobody listens at, picked by the kernel as our own: a TCP socket may connect to itself.
    if (local_endpoint(socket.get()) == remote_endpoint(socket.get())) return address_failed(ECONNREFUSED);
    begin_hello(std::move(socket));
  }

  void address_failed(int error) {
    error_ = error;
    try_next_address();
  }

  void all_addresses_failed() {
    if (settings_.retry) { // until the deadline ends it
      next_address_ = 0;
      pause_.expires_after(pause_time_);
      pause_time_ = std::min(2 * pause_time_, longest_pause);
      pause_.async_wait([self = shared_from_this()](boost_error error) {
        if (!error) self->try_next_address();
      });
      return;
    }
    nobody_there();
  }

  void nobody_there() {
    auto why = error_ == ECONNREFUSED ? "nobody listens there" : std::generic_category().message(error_);
    if (settings_.retry) why += ", after trying for " + seconds(settings_.timeout);
    fail(connection_error("cannot connect to " + name_ + ": " + why));
  }

  void out_of_time() {
    // While it waits to try again, the last attempt's error says more than the time does.
    if (error_ != 0 && !session_) return nobody_there();
    fail(timeout_error("cannot connect to " + name_ + ": " + stage_ + " within " +
                       seconds(settings_.timeout)));
  }

  template <class Error>
  void fail(const Error& error) {
    fail(std::make_exception_ptr(error));
  }
  void fail(std::exception_ptr error) { end({}, std::move(error)); }

  void end(connection connected, std::exception_ptr error) {
    if (!finish_) return;
    auto finish = std::move(finish_);
    auto self = shared_from_this(); // `finish` may destroy the connector
    cancel();
    finish(std::move(connected), std::move(error));
  }

  asio::io_context& context_;
  endpoint to_;
  std::string name_;
  settings settings_;
  finish_function finish_;
  clock::time_point until_;
  asio::steady_timer deadline_;
  asio::steady_timer pause_;
  asio::ip::tcp::resolver resolver_;
  asio::posix::stream_descriptor socket_; // while it connects
  handshake machine_;
  std::shared_ptr<hello_session> session_;
  std::vector<socket_address> addresses_;
  std::size_t next_address_ = 0;
  std::chrono::milliseconds pause_time_ = first_pause;
  int error_ = 0;
  std::string stage_ = "its name was not found";
};

connector::connector(io_thread& io, const endpoint& to, settings how, finish_function finish)
    : io_(io), implementation_(std::make_shared<implementation>(io.context(), to, to_string(to),
                                                                std::move(how), std::move(finish))) {
  io_.post([implementation = implementation_] { implementation->start(); });
}

connector::connector(io_thread& io, unique_descriptor socket, std::string name, settings how,
                     finish_function finish)
    : io_(io), implementation_(std::make_shared<implementation>(io.context(), endpoint{}, std::move(name),
                                                                std::move(how), std::move(finish))) {
  auto shared = std::make_shared<unique_descriptor>(std::move(socket));
  io_.post([implementation = implementation_, shared] { implementation->begin_hello(std::move(*shared)); });
}

connector::~connector() {
  io_.run([&] { implementation_->cancel(); });
}

namespace {

// Makes a connector with a `finish` that fulfils a promise, and waits for it.
template <class Make>
connection wait_for_connection(const Make& make) {
  std::promise<connection> promise;
  auto result = promise.get_future();
  auto connecting = make([&promise](connection connected, std::exception_ptr error) {
    error ? promise.set_exception(error) : promise.set_value(std::move(connected));
  });
  return result.get();
}

} // namespace

connection connector::connect(io_thread& io, const endpoint& to, settings how) {
  return wait_for_connection([&](finish_function finish) {
    return connector{io, to, std::move(how), std::move(finish)};
  });
}

connection connector::connect(io_thread& io, unique_descriptor socket, std::string name, settings how) {
  return wait_for_connection([&](finish_function finish) {
    return connector{io, std::move(socket), std::move(name), std::move(how), std::move(finish)};
  });
}

} // namespace weft::detail
