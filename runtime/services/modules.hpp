#pragma once

#include <weft/export.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::detail {

/// What tells one build of a program or library from every other: the linker's build-id note, or, where there
/// is none, a hash of its code and initial data.
struct build_id {
  std::array<std::uint8_t, 20> bytes{};

  std::string hex() const;
  friend auto operator<=>(const build_id&, const build_id&) = default;
};

/// A program or library that is mapped into this process now.
struct loaded_module {
  struct segment {
    std::uintptr_t begin;
    std::uintptr_t end;
    bool executable;
    bool read_only;            ///< readable, not writable
    std::uint64_t file_offset; ///< where its initial bytes are in the file
    std::uint64_t file_size;   ///< how many of them; what follows is zero
    friend bool operator==(const segment&, const segment&) = default;
  };

  std::string name; ///< "prog", "libtasks.so.1": for people
  std::string path; ///< where its file can be opened; /proc/self/exe for the program
  bool program = false;
  std::uintptr_t base = 0; ///< what offsets in the module count from
  std::vector<segment> segments;
  bool noted = false; ///< `id` is from a build-id note
  build_id id;        ///< filled only if `noted`; see identify()

  bool contains(std::uintptr_t address) const noexcept;
  bool executes(std::uintptr_t address) const noexcept;
  friend bool operator==(const loaded_module&, const loaded_module&) = default;
};

/// All that is loaded, the program first. Any thread.
std::vector<loaded_module> scan_modules();

/// Grows with every module that is loaded or unloaded. Any thread.
std::uint64_t modules_generation();

/// The module's build-id, hashed from its code and initial data if the linker wrote none (which reads all of
/// them, and what is writable from its file).
build_id identify(const loaded_module& module);

} // namespace weft::detail
