#include "runtime/services/hello_session.hpp"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <sys/socket.h>

namespace weft::detail {

hello_session::hello_session(asio::io_context& context, unique_descriptor socket, handshake machine,
                             std::chrono::milliseconds timeout, decide_function decide,
                             finish_function finish)
    : socket_(context, socket.release()), deadline_(context), machine_(std::move(machine)), timeout_(timeout),
      decide_(std::move(decide)), finish_(std::move(finish)) {}

void hello_session::start() {
  deadline_.expires_after(timeout_);
  deadline_.async_wait([self = shared_from_this()](boost_error error) {
    if (!error)
      self->finish("did not finish the hello within " + std::to_string(self->timeout_.count()) + " ms", true);
  });
  step();
}

void hello_session::cancel() {
  finish_ = nullptr;
  deadline_.cancel();
  boost_error ignored;
  socket_.close(ignored);
}

void hello_session::step() {
  std::array<std::byte, 4096> buffer;
  while (finish_) {
    auto output = machine_.take_output();
    unsent_.insert(unsent_.end(), output.begin(), output.end());
    if (!send_pending()) return;
    if (machine_.state() == handshake::state::failed) return finish(machine_.error());
    if (machine_.state() == handshake::state::done) return finish({});
    if (machine_.state() == handshake::state::deciding) {
      auto verdict = decide_(machine_.peer());
      if (finish_) machine_.decide(std::move(verdict)); // else it was cancelled meanwhile
      continue;
    }
    auto count = ::recv(socket_.native_handle(), buffer.data(), std::min(buffer.size(), machine_.wanted()),
                        MSG_DONTWAIT);
    if (count > 0) {
      machine_.receive(byte_span{buffer}.first(static_cast<std::size_t>(count)));
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return wait(asio::posix::stream_descriptor::wait_read);
    } else {
      machine_.closed();
    }
  }
}

// Returns whether all is sent; if not, step() comes again when it may go on.
bool hello_session::send_pending() {
  while (!unsent_.empty()) {
    auto count = ::send(socket_.native_handle(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      unsent_.erase(unsent_.begin(), unsent_.begin() + count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait(asio::posix::stream_descriptor::wait_write);
      return false;
    } else if (errno != EINTR) {
      // A peer that is gone cannot be told anything; a refusal that it sent before may still be there to
      // read.
      unsent_.clear();
    }
  }
  return true;
}

void hello_session::wait(asio::posix::stream_descriptor::wait_type what) {
  socket_.async_wait(what, [self = shared_from_this()](boost_error error) {
    if (!error) self->step();
  });
}

void hello_session::finish(std::string error, bool timed_out) {
  if (!finish_) return;
  auto finish = std::exchange(finish_, nullptr);
  deadline_.cancel();
  outcome result{.connected = {}, .error = std::move(error), .timed_out = timed_out};
  if (result.error.empty()) {
    result.connected.socket = unique_descriptor{socket_.release()};
    result.connected.peer = machine_.peer();
    result.connected.told = machine_.told();
    result.connected.version = machine_.version();
    set_nonblocking(result.connected.socket.get());
    set_connection_options(result.connected.socket.get());
  } else {
    boost_error ignored;
    socket_.close(ignored);
  }
  finish(std::move(result));
}

} // namespace weft::detail
