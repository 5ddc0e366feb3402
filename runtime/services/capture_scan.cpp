#include <weft/detail/captures.hpp>
#include <weft/errors.hpp>

#include "runtime/core/demangle.hpp"

#include <charconv>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

/// Looks through the captures of a closure for pointers, before it leaves the process: a reference, `this`, a
/// string_view are trivially copyable too, and would arrive as numbers that point anywhere. A word counts as
/// a pointer if it lies in memory that is mapped now; hardly any integer or double does by accident.
namespace weft::detail {

namespace {

/// A sanitizer's shadow memory covers much of the address space; a number in there proves nothing.
constexpr std::uint64_t plausible_size_max = std::uint64_t{1} << 40;

struct region {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string name;
};

/// Reads "begin-end perms offset device inode   name"; true if the memory is readable.
bool parse_region(std::string_view line, region& result) {
  const auto* const end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, result.begin, 16);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return false;
  const auto second = std::from_chars(first.ptr + 1, end, result.end, 16);
  if (second.ec != std::errc{} || end - second.ptr < 2 || second.ptr[1] != 'r') return false;
  const auto name = line.find_first_of("/[");
  result.name = name == std::string_view::npos ? "" : line.substr(name);
  return true;
}

std::vector<region> readable_regions() {
  std::vector<region> regions;
  std::ifstream maps("/proc/self/maps");
  region next;
  for (std::string line; std::getline(maps, line);)
    if (parse_region(line, next) && next.end - next.begin < plausible_size_max) regions.push_back(next);
  return regions;
}

std::string describe(const region& where) {
  const char here = 0;
  const auto stack = reinterpret_cast<std::uintptr_t>(&here);
  if (where.name == "[stack]" || (where.begin <= stack && stack < where.end)) return "[stack]";
  if (where.name.empty()) return "[heap]"; // large blocks, and the heaps of threads
  return where.name;
}

} // namespace

void check_captures(const void* captures, std::size_t size, const std::type_info& closure) {
  const auto regions = readable_regions();
  for (std::size_t at = 0; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, static_cast<const std::byte*>(captures) + at, sizeof word);
    for (const auto& region : regions)
      if (region.begin <= word && word < region.end)
        throw cannot_travel(
            "weft: " + demangled(closure) + " cannot travel: the capture at byte " + std::to_string(at) +
            " points into " + describe(region) +
            ", which another process has not got; pass the data (or the function) as an argument instead, or "
            "wrap "
            "the function in weft::in_process, or in weft::unchecked if that is only a number");
  }
}

void throw_in_process_only(const std::type_info& callable) {
  throw cannot_travel("weft: " + demangled(callable) +
                      " cannot travel to another process: it is wrapped in weft::in_process");
}

} // namespace weft::detail
