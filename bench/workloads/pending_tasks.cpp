#include "bench/support/process_figures.hpp"
#include "bench/support/runner.hpp"
#include "bench/workloads/workloads.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace bench {

namespace {

// Ends when somebody has opened the pipe for writing and closed it again.
int wait_at(const std::string& pipe) {
  const int gate = ::open(pipe.c_str(), O_RDONLY);
  char letter = 0;
  while (gate >= 0 && ::read(gate, &letter, 1) < 0 && errno == EINTR) {
  }
  ::close(gate);
  return 0;
}

int add(int x, int y) {
  return x + y;
}

// A named pipe holds up a task in whatever process.
class gate {
 public:
  gate() : path_(std::filesystem::temp_directory_path() / ("weft-bench-" + std::to_string(::getpid()))) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("cannot make " + path_.string());
  }
  ~gate() { std::filesystem::remove(path_); }
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  std::string path() const { return path_.string(); }
  void open() const { ::close(::open(path_.c_str(), O_WRONLY)); }

 private:
  std::filesystem::path path_;
};

// What the scheduler, the workers and the client together keep for a task that waits for another one.
measures pending(session& in, int count, const char* metric) {
  const gate closed;
  const auto first = in.client.submit(wait_at, closed.path());
  std::vector<weft::future<int>> futures;
  futures.reserve(static_cast<std::size_t>(count));
  constexpr int early = 1000; // with them comes what is allocated once
  const auto processes = in.processes();
  std::size_t before = 0;
  for (int i = 0; i < count; ++i) {
    if (i == std::min(early, count / 2)) {
      (void)futures.back().who_has();
      before = resident_bytes(processes);
    }
    futures.push_back(in.client.submit(add, first, i));
  }
  // An answer from the scheduler means that it has read what was submitted before.
  (void)futures.back().who_has();
  const auto after = resident_bytes(processes);
  closed.open();
  expect(futures.back().result() == count - 1, "W9");
  const int counted = count - std::min(early, count / 2);
  return {{metric, (static_cast<double>(after) - static_cast<double>(before)) / counted, "bytes/task"}};
}

} // namespace

measures million_pending(session& in, const settings& how) {
  return pending(in, how.scaled(1'000'000), "pending_1M");
}

measures ten_million_pending(session& in, const settings& how) {
  return pending(in, how.scaled(10'000'000), "pending_10M");
}

} // namespace bench
