#include "tests/functions/trial_link.hpp"

#include "runtime/services/encoded_body.hpp"
#include "runtime/services/encoded_value.hpp"
#include "runtime/services/function_registry.hpp"

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <span>
#include <stdexcept>
#include <system_error>

namespace weft::trial {

using detail::buffer_ptr;
using detail::function_registry;
using detail::shared_buffer;
using detail::value_ptr;

namespace {

void write_all(int socket, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) throw std::system_error(errno, std::generic_category(), "send");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

bool read_all(int socket, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const auto got = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

buffer_ptr read_buffer(decoder& from) {
  return shared_buffer::copy(from.read_blob());
}

void run_task(decoder& from, encoder& answer) {
  const auto reference = decode<detail::function_reference>(from);
  auto bytes = read_buffer(from);
  std::vector<value_ptr> inputs;
  for (auto count = from.read_size(); count != 0; --count)
    inputs.push_back(detail::make_intrusive<detail::encoded_value>(read_buffer(from)));
  const auto all = bytes->bytes();
  const auto function = function_registry::instance().intern(reference);
  const auto body = detail::make_intrusive<detail::encoded_body>(function, std::move(bytes), all);
  const auto result = body->run(inputs);
  encoder value;
  result->encode(value);
  answer.write(true);
  answer.write_blob(value.flatten()->bytes());
}

void load(decoder& from, encoder& answer) {
  const auto path = from.read_string();
  if (!::dlopen(path.c_str(), RTLD_NOW)) throw std::runtime_error(::dlerror());
  encoder value;
  detail::make_value<detail::unit>()->encode(value);
  answer.write(true);
  answer.write_blob(value.flatten()->bytes());
}

} // namespace

channel::~channel() {
  ::close(socket_);
}

void channel::send(const encoder& message) {
  const std::uint64_t size = message.size();
  write_all(socket_, std::as_bytes(std::span(&size, 1)));
  for (const auto segment : message.segments())
    write_all(socket_, segment);
}

bool channel::receive(std::vector<std::byte>& message) {
  std::uint64_t size = 0;
  if (!read_all(socket_, std::as_writable_bytes(std::span(&size, 1)))) return false;
  message.resize(size);
  return read_all(socket_, message);
}

int serve(int socket) {
  channel to_parent(socket);
  for (std::vector<std::byte> message; to_parent.receive(message);) {
    encoder answer;
    try {
      decoder from(message);
      if (from.read<request>() == request::run)
        run_task(from, answer);
      else
        load(from, answer);
    } catch (const std::exception& error) {
      answer.clear();
      answer.write(false);
      answer.write_string(error.what());
    }
    to_parent.send(answer);
  }
  return 0;
}

worker_process::worker_process(const std::string& program)
    : sockets_(connect()), channel_(sockets_.parent), process_(start(program, sockets_)) {}

worker_process::~worker_process() {
  ::shutdown(sockets_.parent, SHUT_RDWR);
  ::waitpid(process_, nullptr, 0);
}

worker_process::connection worker_process::connect() {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  return {sockets[0], sockets[1]};
}

::pid_t worker_process::start(const std::string& program, const connection& sockets) {
  const auto number = std::to_string(sockets.child);
  const auto process = ::fork();
  if (process == 0) {
    ::close(sockets.parent);
    ::execl(program.c_str(), program.c_str(), "--worker", number.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(sockets.child);
  if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
  return process;
}

value_ptr worker_process::run(const detail::task_body& body, const std::vector<value_ptr>& inputs) {
  encoder message;
  message.write(request::run);
  encode(message, function_registry::instance().reference(body.function()));
  encoder task;
  body.encode(task);
  message.write_blob(task.flatten()->bytes());
  message.write_size(inputs.size());
  for (const auto& input : inputs) {
    encoder value;
    input->encode(value);
    message.write_blob(value.flatten()->bytes());
  }
  return answer_to(message);
}

void worker_process::load_library(const std::string& path) {
  encoder message;
  message.write(request::load_library);
  message.write_string(path);
  answer_to(message);
}

value_ptr worker_process::answer_to(const encoder& message) {
  channel_.send(message);
  std::vector<std::byte> answer;
  if (!channel_.receive(answer)) throw std::runtime_error("the worker process has died");
  decoder from(answer);
  if (!from.read<bool>()) throw std::runtime_error(from.read_string());
  return detail::make_intrusive<detail::encoded_value>(read_buffer(from));
}

} // namespace weft::trial
