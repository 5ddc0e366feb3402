#include "tests/simulation/story.hpp"

#include <cstdio>

namespace weft::test {

void story::tell(detail::instant when, std::string_view who, std::string_view what) {
  if (printed)
    std::printf("%12.6f ms  %-10.*s  %.*s\n", static_cast<double>(when.nanoseconds) / 1e6,
                static_cast<int>(who.size()), who.data(), static_cast<int>(what.size()), what.data());
  if (!hashed) return;
  const auto add = [&](std::string_view text) { // FNV-1a
    for (const unsigned char c : text)
      hash_ = (hash_ ^ c) * 0x100000001b3;
  };
  add(std::to_string(when.nanoseconds));
  add(who);
  add(what);
}

} // namespace weft::test
