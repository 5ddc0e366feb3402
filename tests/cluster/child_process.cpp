#include "tests/cluster/child_process.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::test {

namespace {

constexpr int deadline_ms = 60'000;

/// Waits until a process has ended; false if there is none.
bool wait_for_end(pid_t process) {
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (descriptor < 0) return false;
  pollfd ended{descriptor, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&ended, 1, deadline_ms)) < 0 && errno == EINTR) {
  }
  close(descriptor);
  if (ready == 0) throw std::runtime_error("process " + std::to_string(process) + " has not ended in time");
  return true;
}

std::string errors_file_name() {
  std::string name = std::filesystem::temp_directory_path() / "weft-test-errors-XXXXXX";
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) throw std::runtime_error("cannot make a temporary file");
  close(descriptor);
  return name;
}

} // namespace

child_process::child_process(std::vector<std::string> arguments, const options& how)
    : errors_file_(errors_file_name()) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  output_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors_file_.c_str(), O_WRONLY | O_TRUNC, 0600);
  if (!how.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, how.directory.c_str());
  std::vector<std::string> variables = how.environment;
  for (char** variable = environ; *variable; ++variable)
    variables.emplace_back(*variable);
  std::vector<char*> environment;
  for (auto& variable : variables)
    environment.push_back(variable.data());
  environment.push_back(nullptr);
  const std::string path = how.path.empty() ? arguments.front() : how.path;
  std::vector<char*> argument_pointers;
  for (auto& argument : arguments)
    argument_pointers.push_back(argument.data());
  argument_pointers.push_back(nullptr);
  const int error =
      posix_spawn(&pid_, path.c_str(), &actions, nullptr, argument_pointers.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) throw std::runtime_error("cannot run " + path);
}

child_process::~child_process() {
  if (!ended_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(output_);
  std::filesystem::remove(errors_file_);
}

std::string child_process::read_line() {
  for (;;) {
    if (const auto end = read_.find('\n'); end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    pollfd readable{output_, POLLIN, 0};
    if (poll(&readable, 1, deadline_ms) == 0) throw std::runtime_error("no line came in time");
    char bytes[4096];
    const ssize_t size = read(output_, bytes, sizeof bytes);
    if (size <= 0) throw std::runtime_error("the output ended; it had: " + read_);
    read_.append(bytes, static_cast<std::size_t>(size));
  }
}

child_process::ending child_process::wait() {
  wait_for_end(pid_);
  int status = 0;
  waitpid(pid_, &status, 0);
  ended_ = true;
  ending result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  // Not to its end: a process that it has left behind may hold the pipe.
  fcntl(output_, F_SETFL, O_NONBLOCK);
  char bytes[4096];
  for (ssize_t size = 0; (size = read(output_, bytes, sizeof bytes)) > 0;)
    read_.append(bytes, static_cast<std::size_t>(size));
  result.output = std::move(read_);
  std::ifstream errors{errors_file_};
  result.errors.assign(std::istreambuf_iterator<char>(errors), {});
  return result;
}

child_process::ending run(std::vector<std::string> arguments, const child_process::options& how) {
  return child_process{std::move(arguments), how}.wait();
}

void wait_until_gone(pid_t process) {
  wait_for_end(process);
}

std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

std::string program_folder() {
  return std::filesystem::path(own_program()).parent_path().parent_path() / "bin";
}

temporary_folder::temporary_folder() : path_(std::filesystem::temp_directory_path() / "weft-test-XXXXXX") {
  if (!mkdtemp(path_.data())) throw std::runtime_error("cannot make a temporary folder");
}

temporary_folder::~temporary_folder() {
  std::filesystem::remove_all(path_);
}

} // namespace weft::test
