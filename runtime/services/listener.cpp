#include "runtime/services/listener.hpp"

#include "runtime/services/address_lookup.hpp"
#include "runtime/services/asio.hpp"
#include "runtime/services/hello_session.hpp"

#include <weft/errors.hpp>

#include <cerrno>
#include <list>
#include <sys/socket.h>

namespace weft::detail {

namespace {

// How long to wait when the process has no descriptor left for the connection that is at the door.
constexpr std::chrono::milliseconds pause_without_descriptors{100};

unique_descriptor listen_at(const endpoint& where, bool insecure) {
  auto refuse = [&](const std::string& why) {
    throw connection_error("cannot listen at " + to_string(where) + ": " + why);
  };
  if (!insecure && !where.is_loopback())
    refuse("other machines could reach it, and nothing is encrypted; only loopback is allowed (or say "
           "--insecure)");
  int error = 0;
  for (const auto& address : look_up(where, false)) {
    unique_descriptor socket{::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    int yes = 1;
    if (socket && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        ::bind(socket.get(), address.get(), address.length) == 0 && ::listen(socket.get(), SOMAXCONN) == 0)
      return socket;
    error = errno;
  }
  refuse(error == EADDRINUSE ? "the port is in use" : std::generic_category().message(error));
  return {};
}

} // namespace

// Everything but construction happens on the io thread.
class listener::implementation : public std::enable_shared_from_this<listener::implementation> {
 public:
  implementation(asio::io_context& context, const endpoint& at, settings how, callbacks calls)
      : context_(context), settings_(std::move(how)), calls_(std::move(calls)),
        acceptor_(context, listen_at(at, settings_.insecure).release()), pause_(context),
        where_(local_endpoint(acceptor_.native_handle())) {}

  void wait() {
    acceptor_.async_wait(acceptor_.wait_read, [self = shared_from_this()](boost_error error) {
      if (!error) self->accept_some();
    });
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
    acceptor_.close(ignored);
    pause_.cancel();
    for (auto& session : sessions_)
      session->cancel();
    sessions_.clear();
  }

  const endpoint& where() const noexcept { return where_; }

 private:
  void accept_some() {
    // A few at a time, so that a flood of connections leaves room for everybody else on this thread.
    for (int i = 0; i < 16 && !closed_; ++i) {
      unique_descriptor socket{
          ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
      if (!socket) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
          return wait_for_descriptors();
        break;
      }
      std::string who = "a connection";
      try {
        who = to_string(remote_endpoint(socket.get()));
      } catch (const std::system_error&) {
        continue; // gone already
      }
      begin_hello(std::move(socket), std::move(who));
    }
    if (!closed_) wait();
  }

  void wait_for_descriptors() {
    drop("cannot accept a connection: " + std::generic_category().message(errno));
    pause_.expires_after(pause_without_descriptors);
    pause_.async_wait([self = shared_from_this()](boost_error error) {
      if (!error) self->wait();
    });
  }

  void drop(const std::string& sentence) {
    if (calls_.dropped) calls_.dropped(sentence);
  }

  asio::io_context& context_;
  settings settings_;
  callbacks calls_;
  asio::posix::stream_descriptor acceptor_;
  asio::steady_timer pause_;
  endpoint where_;
  std::list<std::shared_ptr<hello_session>> sessions_; // oldest first
  bool closed_ = false;
};

listener::listener(io_thread& io, const endpoint& where, settings how, callbacks calls)
    : io_(io), implementation_(
                   std::make_shared<implementation>(io.context(), where, std::move(how), std::move(calls))) {
  io_.post([implementation = implementation_] { implementation->wait(); });
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
