#include "bench/support/process_figures.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace bench {

std::size_t resident_bytes(const std::set<pid_t>& processes) {
  std::size_t total = 0;
  for (const pid_t process : processes) {
    std::ifstream file{"/proc/" + std::to_string(process) + "/statm"};
    std::size_t size = 0, resident = 0;
    file >> size >> resident;
    total += resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  }
  return total;
}

std::size_t resident_bytes() {
  return resident_bytes({::getpid()});
}

double processor_seconds(const std::set<pid_t>& processes) {
  double total = 0;
  for (const pid_t process : processes)
    for (const auto& thread :
         std::filesystem::directory_iterator{"/proc/" + std::to_string(process) + "/task"}) {
      std::ifstream file{thread.path() / "schedstat"};
      double nanoseconds = 0;
      if (file >> nanoseconds) total += nanoseconds * 1e-9;
    }
  return total;
}

} // namespace bench
