#include "actors/node.hpp"
#include "api/src/cluster_worker.hpp"
#include "api/src/program.hpp"
#include "api/src/worker_channel.hpp"
#include "runtime/services/descriptor.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <utility>

namespace weft::detail {

namespace {

[[noreturn]] void throw_system_error(int number, const char* what) {
  throw std::system_error(number, std::generic_category(), what);
}

constexpr const char* no_descriptor = "weft: cannot open a socket or pipe to a worker process";

/// Above the numbers that the child's descriptors get, so that giving it those overwrites nothing.
unique_descriptor above_inherited(unique_descriptor descriptor) {
  unique_descriptor result{fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 10)};
  // Of a number above the limit of descriptors it says EINVAL.
  if (!result) throw_system_error(errno == EINVAL ? EMFILE : errno, no_descriptor);
  return result;
}

struct descriptor_pair {
  unique_descriptor ours;
  unique_descriptor theirs;
};

descriptor_pair make_socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw_system_error(errno, no_descriptor);
  unique_descriptor ours{ends[0]};
  return {std::move(ours), above_inherited(unique_descriptor{ends[1]})};
}

descriptor_pair make_output_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw_system_error(errno, no_descriptor);
  unique_descriptor ours{ends[0]};
  return {std::move(ours), above_inherited(unique_descriptor{ends[1]})};
}

/// What waitid says of a child that has ended; nothing, if the system or the program has reaped it.
std::string describe_end(const std::optional<siginfo_t>& known) {
  if (!known) return "it is not known how, for SIGCHLD is ignored or somebody else has waited for it";
  const siginfo_t& end = *known;
  if (end.si_code == CLD_EXITED) return "exit code " + std::to_string(end.si_status);
  const char* name = sigabbrev_np(end.si_status);
  return "killed by signal " + std::to_string(end.si_status) +
         (name ? std::string(" (SIG") + name + ")" : "");
}

/// Nothing, if somebody else reaps it.
std::optional<siginfo_t> wait_for_end(pid_t child) {
  siginfo_t ended{};
  for (;;) {
    if (waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0) return ended;
    if (errno != EINTR) return std::nullopt;
  }
}

/// How long a worker process that has lost its connection takes to end, at most.
constexpr std::chrono::seconds grace{5};

/// How long one that has given its tasks up takes to say so and end.
constexpr std::chrono::seconds time_for_last_words{2};

/// More would overflow.
constexpr std::chrono::hours for_ever{24 * 365};

/// How much of its output is shown after its end; more than this comes from a process that a task left
/// behind.
constexpr std::size_t last_output_max = 1 << 20;

/// After how much quiet the beginning of a line is shown.
constexpr int quiet_milliseconds = 100;

/// At which the child has the program's file before it is executed. All numbers below are in use then, so it
/// is opened at this one at once and stays close-on-exec.
constexpr int program_descriptor = 5;
static_assert(program_descriptor ==
              std::max(inherited_control_descriptor, inherited_lifeline_descriptor) + 1);

/// posix_spawn's arguments, freed whatever happens.
class spawn_plan {
 public:
  spawn_plan() {
    posix_spawn_file_actions_init(&actions_);
    // What is typed is for the program.
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawnattr_init(&attributes_);
    // The child shall not inherit what the calling thread blocks or the program handles.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~spawn_plan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;

  void pass(const unique_descriptor& descriptor, int as) {
    posix_spawn_file_actions_adddup2(&actions_, descriptor.get(), as);
  }

  pid_t spawn(const program_file& program) {
    std::vector<std::string> variables{std::string(worker_marker) + "=1"};
    // After clearenv there is none at all.
    for (char** variable = environ; variable && *variable; ++variable)
      if (std::string_view(*variable).rfind(std::string(worker_marker) + '=', 0) != 0)
        variables.emplace_back(*variable);
    std::vector<char*> environment;
    for (auto& variable : variables)
      environment.push_back(variable.data());
    environment.push_back(nullptr);
    // The process shall hold nothing else that the program has open: while it did, the other ends of pipes
    // would not end, nor locks and ports become free. Its own file it needs until it is executed.
    posix_spawn_file_actions_addopen(&actions_, program_descriptor, program.path.c_str(), O_PATH | O_CLOEXEC,
                                     0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, program_descriptor + 1);
    const std::string file = "/proc/self/fd/" + std::to_string(program_descriptor);
    std::string name = program.name;
    char* arguments[] = {name.data(), nullptr};
    pid_t process = 0;
    const int error =
        posix_spawn(&process, file.c_str(), &actions_, &attributes_, arguments, environment.data());
    if (error != 0) throw_system_error(error, "weft: cannot start a worker process of this program");
    return process;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// Writes whole lines with the worker's name before them, each at once, so that lines of several workers do
/// not mix.
class line_writer {
 public:
  explicit line_writer(std::string name) : prefix_(std::move(name) + ": ") {}
  ~line_writer() { flush(); }

  void take(const char* bytes, std::size_t size) {
    for (const char* end = bytes + size; bytes != end; ++bytes) {
      if (*bytes == '\n' || line_.size() == longest_line) write_line();
      if (*bytes != '\n') line_ += *bytes;
    }
  }

  /// Whether there is the beginning of a line.
  bool waits_for_more() const noexcept { return !line_.empty(); }
  /// Makes a line of it.
  void flush() {
    if (!line_.empty()) write_line();
  }

 private:
  static constexpr std::size_t longest_line = 64 * 1024;

  void write_line() {
    const std::string text = prefix_ + line_ + '\n';
    line_.clear();
    for (std::size_t done = 0; done < text.size();) {
      const auto count = write(STDERR_FILENO, text.data() + done, text.size() - done);
      if (count > 0) {
        done += static_cast<std::size_t>(count);
      } else if (errno == EAGAIN) { // somebody made it so, and who reads it is slow
        pollfd writable{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
        poll(&writable, 1, -1);
      } else if (errno != EINTR) {
        return; // nobody can be told
      }
    }
  }

  std::string prefix_;
  std::string line_;
};

class process_worker final : public cluster_worker {
 public:
  process_worker(std::shared_ptr<scheduler_handle> scheduler, const cluster_key& key, std::string name,
                 std::uint32_t threads, std::chrono::nanoseconds shutdown_timeout)
      : scheduler_(std::move(scheduler)), name_(std::move(name)) {
    const program_file program = program_for_workers();
    descriptor_pair control = make_socket_pair();
    descriptor_pair lifeline = make_socket_pair();
    descriptor_pair output = make_output_pipe();
    spawn_plan plan;
    plan.pass(control.theirs, inherited_control_descriptor);
    plan.pass(lifeline.theirs, inherited_lifeline_descriptor);
    plan.pass(output.theirs, STDOUT_FILENO);
    plan.pass(output.theirs, STDERR_FILENO);
    process_ = plan.spawn(program);
    end_ = end_of(process_);
    lifeline_ = std::move(lifeline.ours);
    send_orders(lifeline_.get(),
                {.key = key, .threads = threads, .shutdown_timeout = shutdown_timeout, .name = name_});
    scheduler_->accept_socket(std::move(control.ours));
    try {
      watch_thread_ = std::thread([this] { watch(); });
      output_thread_ = std::thread([this, from = std::move(output.ours)] { forward_output(from.get()); });
    } catch (const std::exception& why) { // the system gives no thread; nobody will have this object
      kill(process_, SIGKILL);
      if (watch_thread_.joinable())
        watch_thread_.join();
      else
        while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
        }
      throw error("weft: cannot start the threads that watch worker process " + name_ + ": " + why.what());
    }
  }

  ~process_worker() override {
    force_to_stop();
    output_thread_.join();
    watch_thread_.join();
  }

  const std::string& name() const noexcept override { return name_; }

  bool running() const override {
    std::lock_guard lock{mutex_};
    if (!how_it_ended_.empty()) return false;
    // The kernel may know of its end some time before watch() does. The number is still its own: it is reaped
    // after how_it_ended_ is set.
    siginfo_t ended{};
    const bool asked = waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
    return asked ? ended.si_pid == 0 : errno != ECHILD; // which somebody else has reaped
  }

  bool wait_until_left(std::chrono::nanoseconds limit) override { return wait_until_ended(limit); }

  bool runs_calling_thread() const noexcept override { return false; }

  std::string finish(std::chrono::nanoseconds limit) override {
    send_signal(lifeline_.get(), worker_signal::finish);
    const auto each = std::min<std::chrono::nanoseconds>(limit, for_ever);
    return wait_until_ended(2 * each + time_for_last_words) ? "" : "its tasks";
  }

  void ask_to_stop() override { send_signal(lifeline_.get(), worker_signal::stop); }

  std::string wait_until_stopped(std::chrono::nanoseconds limit) override {
    return wait_until_ended(std::min<std::chrono::nanoseconds>(limit, for_ever) + time_for_last_words)
               ? ""
               : "its tasks";
  }

  void force_to_stop() override {
    {
      std::lock_guard lock{mutex_};
      if (how_it_ended_.empty()) kill(process_, SIGKILL);
    }
    wait_until_ended(std::chrono::hours(24));
  }

  void wait_until_joined() {
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return joined_ || !how_it_ended_.empty(); });
    }
    if (scheduler_->wait_until_joined(name_)) return;
    wait_until_ended(grace);
    std::lock_guard lock{mutex_};
    throw connection_error("weft: the worker process " + name_ + " ended at its start" +
                           (how_it_ended_.empty() ? "" : ": " + how_it_ended_));
  }

 private:
  bool wait_until_ended(std::chrono::nanoseconds limit) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(limit, 3 * for_ever),
                             [&] { return !how_it_ended_.empty(); });
  }

  // Until its end, and what is left in the pipe then: a process that a task has left behind may hold the
  // other end for ever.
  void forward_output(int from) const {
    line_writer lines{name_};
    char bytes[4096];
    for (std::size_t after_end = 0; after_end < last_output_max;) {
      pollfd waiting[] = {{.fd = from, .events = POLLIN, .revents = 0},
                          {.fd = end_.get(), .events = POLLIN, .revents = 0}};
      const int ready = poll(waiting, 2, lines.waits_for_more() ? quiet_milliseconds : -1);
      if (ready == 0) lines.flush();
      if (ready <= 0) continue;
      const bool ended = waiting[1].revents != 0;
      if (waiting[0].revents == 0) return;
      const ssize_t size = read(from, bytes, sizeof bytes);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return;
      lines.take(bytes, static_cast<std::size_t>(size));
      if (ended) after_end += static_cast<std::size_t>(size);
    }
  }

  // What it says, until it ends.
  void take_signals() {
    while (const auto signal = receive_signal(lifeline_.get(), end_.get())) {
      std::lock_guard lock{mutex_};
      joined_ = joined_ || *signal == worker_signal::joined;
      changed_.notify_all();
    }
  }

  void watch() {
    take_signals();
    // Its number stays its own until it is reaped, and that only happens when nobody will kill it any more.
    // Reaping can take the kernel seconds on a busy machine, so it comes last.
    const auto end = wait_for_end(process_);
    const std::string how = describe_end(end);
    {
      std::lock_guard lock{mutex_};
      how_it_ended_ = how;
      changed_.notify_all();
    }
    scheduler_->worker_process_ended(name_, how);
    while (end && waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  const std::shared_ptr<scheduler_handle> scheduler_;
  const std::string name_;
  pid_t process_ = 0;
  unique_descriptor lifeline_;
  unique_descriptor end_; // readable once the process has ended; none: not to be had
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool joined_ = false;      // guarded by mutex_
  std::string how_it_ended_; // guarded by mutex_; empty: it has not
  std::thread output_thread_;
  std::thread watch_thread_;
};

} // namespace

std::unique_ptr<cluster_worker> start_process_worker(const std::shared_ptr<scheduler_handle>& scheduler,
                                                     const cluster_key& key, const std::string& name,
                                                     std::uint32_t threads,
                                                     std::chrono::nanoseconds shutdown_timeout) {
  return std::make_unique<process_worker>(scheduler, key, name, threads, shutdown_timeout);
}

void wait_for_worker_process(cluster_worker& worker) {
  dynamic_cast<process_worker&>(worker).wait_until_joined();
}

} // namespace weft::detail
