#include "runtime/services/process_memory.hpp"

#include <cstdio>
#include <memory>
#include <unistd.h>

namespace weft::detail {

std::uint64_t process_memory() noexcept {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen("/proc/self/statm", "re"),
                                                             std::fclose};
  unsigned long long size = 0, resident = 0;
  if (!file || std::fscanf(file.get(), "%llu %llu", &size, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace weft::detail
