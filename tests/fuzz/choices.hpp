#pragma once

#include "runtime/core/event_text.hpp"
#include "runtime/core/inline_list.hpp"
#include "runtime/scheduler/protocol.hpp"
#include "tests/support/fake_values.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace weft::test {

/// The bytes of an input as decisions: what happens next, and to whom. Behind their end every decision is the
/// first.
class choices {
 public:
  explicit choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }

  /// A number below `limit`, which is at most 256.
  std::size_t below(std::size_t limit) {
    if (bytes_.empty() || limit == 0) return 0;
    const std::size_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte % limit;
  }

  template <class T>
  const T& one_of(const std::vector<T>& of) {
    return of.at(below(of.size()));
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

/// How many functions there are, and modules, for events to name.
inline constexpr std::uint32_t fuzz_functions = 4;
inline constexpr std::uint32_t fuzz_modules = 2;

// Fills a member with something that a peer might say: mostly small numbers, so that events meet, and now and
// then one at the edge.

inline void fill(choices& from, bool& to) {
  to = from.below(2) == 1;
}

template <std::integral T>
void fill(choices& from, T& to) {
  constexpr T edges[] = {
      0, 1, 2, 3, 100, std::numeric_limits<T>::max(), std::numeric_limits<T>::min(), T(1) << (sizeof(T) * 4)};
  to = edges[from.below(std::size(edges))];
}

inline void fill(choices& from, std::string& to) {
  static const std::vector<std::string> words{"", "worker 1", "worker 2", "key"};
  to = from.one_of(words);
}

inline void fill(choices& from, task_id& to) {
  constexpr std::uint32_t clients[] = {1, 1, 2, 3, 0, (1u << 24) - 1};
  constexpr std::uint64_t edges[] = {0, 100'000, 1u << 30, task_id::sequence_max};
  const client_id client{clients[from.below(std::size(clients))]};
  const std::size_t choice = from.below(20);
  to = task_id::make(client, choice < 16 ? choice + 1 : edges[choice - 16]);
}

template <class Tag, class Representation>
void fill(choices& from, strong_id<Tag, Representation>& to) {
  constexpr Representation edge = std::numeric_limits<Representation>::max();
  const auto choice = static_cast<Representation>(from.below(8));
  to.value = choice == 7 ? edge : choice;
}
inline void fill(choices& from, function_id& to) {
  to.value = static_cast<std::uint32_t>(from.below(fuzz_functions + 1));
}
inline void fill(choices& from, module_id& to) {
  to.value = static_cast<std::uint32_t>(from.below(fuzz_modules + 1));
}

inline void fill(choices& from, detail::value_ptr& to) {
  constexpr std::uint64_t sizes[] = {8, 0, 1000, std::numeric_limits<std::uint64_t>::max()};
  if (from.below(3) > 0) to = make_fake(1, sizes[from.below(std::size(sizes))]);
}
inline void fill(choices& from, detail::body_ptr& to) {
  if (from.below(8) > 0) to = make_fake_body(function_id{1});
}
inline void fill(choices& from, detail::failure_ptr& to) {
  constexpr detail::failure_kind kinds[] = {detail::failure_kind::task_error, detail::failure_kind::cancelled,
                                            detail::failure_kind::lost_data,
                                            detail::failure_kind::module_absent};
  if (const std::size_t choice = from.below(5); choice < std::size(kinds))
    to = detail::failure::make(kinds[choice], "it failed");
}

template <detail::has_members T>
void fill(choices& from, T& to);

template <class T>
void fill(choices& from, std::shared_ptr<const T>& to) {
  if (from.below(3) == 0) return;
  auto object = std::make_shared<T>();
  fill(from, *object);
  to = std::move(object);
}
template <class T>
void fill(choices& from, std::vector<T>& to) {
  to.resize(from.below(4));
  for (T& element : to)
    fill(from, element);
}
template <class T, std::uint32_t Capacity>
void fill(choices& from, detail::inline_list<T, Capacity>& to) {
  for (std::size_t count = from.below(4); count > 0; --count) {
    T element;
    fill(from, element);
    to.push_back(element);
  }
}

template <detail::has_members T>
void fill(choices& from, T& to) {
  T::visit_members(to, [&](const char*, auto& member) { fill(from, member); });
}

/// One of the variant's alternatives, with any members.
template <class Variant>
Variant any_event(choices& from) {
  const auto make = [&]<std::size_t... Indices>(std::index_sequence<Indices...>) {
    using maker = Variant (*)();
    static constexpr maker makers[] = {[] { return Variant{std::in_place_index<Indices>}; }...};
    return makers[from.below(sizeof...(Indices))]();
  };
  Variant event = make(std::make_index_sequence<std::variant_size_v<Variant>>{});
  std::visit([&](auto& its) { fill(from, its); }, event);
  return event;
}

/// Tells the story to stderr, where the environment has WEFT_FUZZ_STORY: for a transcript of what went wrong.
void tell(const std::string& line);

/// Lets a machine live through what the choices say, checking its invariants after each step.
void play_scheduler(choices& from);
void play_worker(choices& from);
void play_holder(choices& from);

} // namespace weft::test
