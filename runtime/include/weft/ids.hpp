#pragma once

#include <compare>
#include <cstdint>
#include <string_view> // for std::hash; <functional> costs ten times as much

namespace weft {

/// A number that knows what it counts: a worker's cannot be passed where a client's is wanted. Zero means
/// "none".
template <class Tag, class Representation = std::uint32_t>
struct strong_id {
  using representation = Representation;
  Representation value = 0;

  constexpr explicit operator bool() const noexcept { return value != 0; }
  friend constexpr auto operator<=>(strong_id, strong_id) noexcept = default;
};

/// A client of a scheduler. At most 2^24 − 1 in a scheduler's life.
using client_id = strong_id<struct client_tag>;

/// A worker of a scheduler; never used again after the worker is gone.
using worker_id = strong_id<struct worker_tag>;

/// A task function, numbered densely by the process that uses the number.
using function_id = strong_id<struct function_tag>;

/// A module (program or shared library) with task functions in it, numbered densely by the process.
using module_id = strong_id<struct module_tag>;

/// Which assignment of a task is meant. Grows by one with each; reports that carry an older one are dropped.
using run_id = strong_id<struct run_tag>;

/// A task: the client that made it (24 bits) and that client's running number (40 bits, from 1). Tables are
/// slabs indexed by it; the printable key is made when somebody looks.
struct task_id {
  static constexpr unsigned sequence_bits = 40;
  static constexpr std::uint64_t sequence_max = (std::uint64_t{1} << sequence_bits) - 1;

  std::uint64_t value = 0;

  static constexpr task_id make(client_id client, std::uint64_t sequence) noexcept {
    return {(std::uint64_t{client.value} << sequence_bits) | sequence};
  }
  constexpr client_id client() const noexcept { return {static_cast<std::uint32_t>(value >> sequence_bits)}; }
  constexpr std::uint64_t sequence() const noexcept { return value & sequence_max; }
  constexpr explicit operator bool() const noexcept { return value != 0; }
  friend constexpr auto operator<=>(task_id, task_id) noexcept = default;
};

} // namespace weft

template <class Tag, class Representation>
struct std::hash<weft::strong_id<Tag, Representation>> {
  std::size_t operator()(weft::strong_id<Tag, Representation> id) const noexcept { return id.value; }
};

template <>
struct std::hash<weft::task_id> {
  std::size_t operator()(weft::task_id id) const noexcept { return id.value; }
};
