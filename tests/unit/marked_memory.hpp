#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

namespace weft::detail {

/// Memory of an allocator under test, filled with a mark, so that it shows who else wrote there.
template <void* (*Allocate)(std::size_t), void (*Release)(void*, std::size_t) noexcept>
struct marked_memory {
  void* memory;
  std::size_t size;
  unsigned char mark;

  static marked_memory make(std::size_t size, unsigned char mark) {
    void* const memory = Allocate(size);
    std::memset(memory, mark, size);
    return {memory, size, mark};
  }
  bool intact() const {
    const auto* bytes = static_cast<const unsigned char*>(memory);
    return std::all_of(bytes, bytes + size, [&](unsigned char byte) { return byte == mark; });
  }
  void release() const { Release(memory, size); }
};

/// Four threads make blocks of size_of(i) bytes each `rounds` times, and release a third whenever they hold
/// about `held`. How many blocks were not intact then.
template <class Marked, class SizeOf>
int count_damaged_by_threads(std::size_t rounds, std::size_t held, SizeOf size_of) {
  std::vector<std::thread> threads;
  std::vector<int> damaged(4);
  for (std::size_t number = 0; number < damaged.size(); ++number)
    threads.emplace_back([&, number] {
      std::vector<Marked> mine;
      for (std::size_t i = 0; i < rounds; ++i) {
        mine.push_back(Marked::make(size_of(i), static_cast<unsigned char>(number * 60 + i % 59)));
        if (mine.size() < held + i % (held / 2)) continue;
        for (std::size_t left = held / 3; left > 0; --left) {
          damaged[number] += !mine.back().intact();
          mine.back().release();
          mine.pop_back();
        }
      }
      for (const Marked& its : mine)
        its.release();
    });
  for (auto& each : threads)
    each.join();
  int all = 0;
  for (const int each : damaged)
    all += each;
  return all;
}

} // namespace weft::detail
