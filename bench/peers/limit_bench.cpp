// What the machine itself allows: prints lines "limit WORKLOAD METRIC VALUE UNIT".

#include "bench/support/runner.hpp"
#include "bench/support/statistics.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <functional>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace bench;

struct connection {
  int here = -1;
  int there = -1;
};

connection connect_unix() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw std::runtime_error("no socket pair");
  return {ends[0], ends[1]};
}

connection connect_tcp() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  connection result{::socket(AF_INET, SOCK_STREAM, 0), -1};
  if (::bind(listener, plain, size) != 0 || ::listen(listener, 1) != 0 ||
      ::getsockname(listener, plain, &size) != 0 || ::connect(result.here, plain, size) != 0)
    throw std::runtime_error("no connection over the loopback");
  result.there = ::accept(listener, nullptr, nullptr);
  ::close(listener);
  const int on = 1;
  for (const int end : {result.here, result.there})
    ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return result;
}

void read_all(int from, char* to, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::read(from, to + done, size - done);
    if (got <= 0) throw std::runtime_error("the connection broke");
    done += static_cast<std::size_t>(got);
  }
}

void write_all(int to, const char* from, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t put = ::write(to, from + done, size - done);
    if (put <= 0) throw std::runtime_error("the connection broke");
    done += static_cast<std::size_t>(put);
  }
}

// On one core the two would never have to wake each other.
void stay_on_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  ::sched_setaffinity(0, sizeof cores, &cores); // where there is no such core, the system chooses
}

// Runs `serve` again and again in another process, at the other end of the connection, while `use` runs here.
void with_server(connection over, const std::function<void(int)>& serve,
                 const std::function<void(int)>& use) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    ::close(over.here);
    stay_on_core(1);
    try {
      for (;;)
        serve(over.there);
    } catch (const std::exception&) {
      ::_exit(0); // the other end was closed
    }
  }
  ::close(over.there);
  stay_on_core(0);
  use(over.here);
  ::close(over.here);
  ::waitpid(child, nullptr, 0);
}

// 64 bytes there and back, both sides asleep while they wait.
measures round_trips(const settings& how) {
  measures result;
  char message[64] = {};
  const auto echo = [&](int end) {
    read_all(end, message, sizeof message);
    write_all(end, message, sizeof message);
  };
  for (const bool tcp : {true, false})
    with_server(tcp ? connect_tcp() : connect_unix(), echo, [&](int end) {
      const auto times = times_of(how.scaled(5'000), [&](int) {
        write_all(end, message, sizeof message);
        read_all(end, message, sizeof message);
      });
      const std::string name = tcp ? "round_trip_tcp" : "round_trip_unix";
      result.push_back({name, median(times), "us"});
      result.push_back({name + "_p99", quantile(times, 0.99), "us"});
    });
  return result;
}

// 100 MB into a buffer that was used before, until the receiver says that it has them.
measures transfers(const settings& how) {
  const auto size = static_cast<std::size_t>(how.scaled(100'000'000));
  const double megabytes = static_cast<double>(size) / 1e6;
  std::vector<char> source(size, 1), target(size, 2);
  measures result;
  const double begun = now();
  std::memcpy(target.data(), source.data(), size);
  const double copied = now() - begun;
  expect(target.back() == 1, "W7");
  result.push_back({"memcpy", megabytes / copied, "MB/s", true});

  const auto receive = [&](int end) {
    read_all(end, target.data(), size);
    write_all(end, target.data(), 1);
  };
  for (const bool tcp : {true, false})
    with_server(tcp ? connect_tcp() : connect_unix(), receive, [&](int end) {
      double last = 0;
      char answer = 0;
      for (int i = 0; i < 3; ++i) { // the other process's copy of the buffer is cold at first
        const double begun = now();
        write_all(end, source.data(), size);
        read_all(end, &answer, 1);
        last = megabytes / (now() - begun);
      }
      result.push_back({tcp ? "transfer_tcp" : "transfer_unix", last, "MB/s", true});
    });
  return result;
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<workload> workloads = {{"W6", round_trips}, {"W7", transfers}};
  return run_workloads(read_settings(argc, argv, {}, names_of(workloads)), "limit", "", workloads);
}
