#include "runtime/services/listener.hpp"

#include "runtime/services/address_lookup.hpp"
#include "runtime/services/asio.hpp"
#include "runtime/services/hello_session.hpp"

#include <weft/errors.hpp>

#include <cerrno>
#include <list>
#include <stdexcept>
#include <sys/socket.h>

namespace weft::detail {

namespace {

// How long to wait when the process has no descriptor left for the connection that is at the door.
constexpr std::chrono::milliseconds pause_without_descriptors{100};

unique_descriptor listen_at(const endpoint& where, bool insecure) {
  const std::string cannot = "cannot listen at " + to_string(where) + ": ";
  const auto addresses = look_up(where, false); // whose name is nobody's is told that first
  if (!insecure && !where.is_loopback())
    throw std::invalid_argument(cannot + "other machines could reach it, and nothing is encrypted; only "
                                         "loopback is allowed (or say --insecure)");
  int error = 0;
  for (const auto& address : addresses) {
    unique_descriptor socket{::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    int yes = 1;
    if (socket && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        ::bind(socket.get(), address.get(), address.length) == 0 && ::listen(socket.get(), SOMAXCONN) == 0)
      return socket;
    error = errno;
  }
  throw connection_error(
      cannot + (error == EADDRINUSE ? "the port is in use" : std::generic_category().message(error)));
}

// No socket if the name is taken, or the system has no such sockets: TCP is there for all.
unique_descriptor listen_on_same_machine(const endpoint& where) {
  const auto found = look_up(where, true);
  if (found.empty()) return {};
  const auto address = same_machine_address(found.front());
  unique_descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket || ::bind(socket.get(), address.get(), address.length) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0)
    return {};
  return socket;
}

} // namespace

// Everything but construction happens on the io thread.
class listener::implementation : public std::enable_shared_from_this<listener::implementation> {
 public:
  implementation(asio::io_context& context, const endpoint& at, settings how, callbacks calls)
      : context_(context), settings_(std::move(how)), calls_(std::move(calls)), network_(context),
        same_machine_(context) {
    network_.socket.assign(listen_at(at, settings_.insecure).release());
    where_ = local_endpoint(network_.socket.native_handle());
    if (!settings_.same_machine) return;
    if (auto socket = listen_on_same_machine(where_)) same_machine_.socket.assign(socket.release());
  }

  void start() {
    wait(network_);
    if (same_machine_.socket.is_open()) wait(same_machine_);
  }

  void begin_hello(unique_descriptor socket, std::string who) {
    if (closed_) return;
    // The oldest makes room: among silent strangers it is the one that has been silent longest.
    if (sessions_.size() >= settings_.strangers_max) {
      auto oldest = std::move(sessions_.front());
      sessions_.pop_front();
      oldest->cancel();
      drop("a connection gave way to newer ones: " + std::to_string(settings_.strangers_max) +
           " had not said hello");
    }
    auto machine = handshake::acceptor(settings_.key, settings_.self, make_nonce(), settings_.versions);
    auto place = sessions_.emplace(sessions_.end());
    auto self = shared_from_this();
    *place = std::make_shared<hello_session>(
        context_, std::move(socket), std::move(machine), settings_.hello_timeout, calls_.decide,
        [self, place, who = std::move(who)](hello_session::outcome outcome) {
          self->sessions_.erase(place);
          if (!outcome.error.empty()) return self->drop(who + " " + outcome.error);
          self->calls_.connected(std::move(outcome.connected));
        });
    // Held here: the session may end, and leave the list, before start() returns.
    auto session = *place;
    session->start();
  }

  void close() {
    closed_ = true;
    boost_error ignored;
    for (auto* at : {&network_, &same_machine_}) {
      at->socket.close(ignored);
      at->pause.cancel();
    }
    for (auto& session : sessions_)
      session->cancel();
    sessions_.clear();
  }

  const endpoint& where() const noexcept { return where_; }

 private:
  // Where peers come in.
  struct door {
    explicit door(asio::io_context& context) : socket(context), pause(context) {}
    asio::posix::stream_descriptor socket;
    asio::steady_timer pause;
  };

  void wait(door& at) {
    at.socket.async_wait(at.socket.wait_read, [self = shared_from_this(), &at](boost_error error) {
      if (!error) self->accept_some(at);
    });
  }

  void accept_some(door& at) {
    // A few at a time, so that a flood of connections leaves room for everybody else on this thread.
    for (int i = 0; i < 16 && !closed_; ++i) {
      unique_descriptor socket{
          ::accept4(at.socket.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
      if (!socket) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
          return wait_for_descriptors(at);
        break;
      }
      std::string who = "a process of this machine";
      try {
        if (&at == &network_) who = to_string(remote_endpoint(socket.get()));
      } catch (const std::system_error&) {
        continue; // gone already
      }
      begin_hello(std::move(socket), std::move(who));
    }
    if (!closed_) wait(at);
  }

  void wait_for_descriptors(door& at) {
    drop("cannot accept a connection: " + std::generic_category().message(errno));
    at.pause.expires_after(pause_without_descriptors);
    at.pause.async_wait([self = shared_from_this(), &at](boost_error error) {
      if (!error) self->wait(at);
    });
  }

  void drop(const std::string& sentence) {
    if (calls_.dropped) calls_.dropped(sentence);
  }

  asio::io_context& context_;
  settings settings_;
  callbacks calls_;
  door network_;
  door same_machine_; // closed where there is none
  endpoint where_;
  std::list<std::shared_ptr<hello_session>> sessions_; // oldest first
  bool closed_ = false;
};

listener::listener(io_thread& io, const endpoint& where, settings how, callbacks calls)
    : io_(io), implementation_(
                   std::make_shared<implementation>(io.context(), where, std::move(how), std::move(calls))) {
  io_.post([implementation = implementation_] { implementation->start(); });
}

listener::~listener() {
  close();
}

const endpoint& listener::where() const noexcept {
  return implementation_->where();
}

void listener::adopt(unique_descriptor socket) {
  // std::function must be copyable, a descriptor is not.
  auto shared = std::make_shared<unique_descriptor>(std::move(socket));
  io_.post([implementation = implementation_, shared] {
    implementation->begin_hello(std::move(*shared), "an inherited connection");
  });
}

void listener::close() {
  io_.run([&] { implementation_->close(); });
}

} // namespace weft::detail
