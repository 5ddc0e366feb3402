#pragma once

#include "runtime/core/inline_list.hpp"
#include "runtime/core/members.hpp"
#include "runtime/services/encoded_body.hpp"
#include "runtime/services/encoded_value.hpp"
#include "runtime/services/function_registry.hpp"
#include "runtime/wire/failure_codec.hpp"
#include "runtime/wire/protocol_codec.hpp"

#include <weft/detail/encoder.hpp>
#include <weft/errors.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace weft::detail {

template <class T>
concept described = requires(T& event) {
  T::event_name();
  T::visit_members(event, [](const char*, auto&) {});
};

// Signed numbers of small size become small unsigned ones: 0, -1, 1, -2 … are 0, 1, 2, 3 …
constexpr std::uint64_t zigzag(std::int64_t number) noexcept {
  return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t number) noexcept {
  return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

/// Writes the members of events, one overload for each kind of member. Lives as long as one frame.
class event_writer {
 public:
  event_writer(batch_encoder& state, byte_writer& to) : state_(state), to_(to) {}

  template <class Event>
  void write_event(const Event& event) {
    to_.varint(event.index());
    std::visit([this](const auto& its) { write(its); }, event);
  }

  /// What to return to if an event has to be taken back: also what it told of functions is taken back.
  struct mark {
    task_id last_task;
    std::uint32_t functions;
    std::uint32_t modules;
  };
  mark now() const { return {last_task_, state_.told_functions_.last, state_.told_modules_.last}; }
  void take_back(const mark& to) {
    last_task_ = to.last_task;
    forget_after(state_.told_functions_, to.functions);
    forget_after(state_.told_modules_, to.modules);
  }

 private:
  template <described T>
  void write(const T& described_struct) {
    T::visit_members(described_struct, [&](const char*, const auto& member) { write(member); });
  }
  template <std::integral T>
  void write(T number) {
    if constexpr (std::signed_integral<T>)
      to_.varint(zigzag(number));
    else
      to_.varint(number);
  }
  template <class Tag, class Representation>
  void write(strong_id<Tag, Representation> id) {
    to_.varint(id.value);
  }
  void write(task_id task) {
    to_.varint(zigzag(static_cast<std::int64_t>(task.value - last_task_.value)));
    last_task_ = task;
  }
  void write(function_id function) {
    if (!function) return to_.varint(0);
    if (tell(state_.told_functions_, function.value)) write_reference(state_.functions_.reference(function));
  }
  void write(module_id module) {
    if (!module) return to_.varint(0);
    if (!tell(state_.told_modules_, module.value)) return;
    auto reference = state_.functions_.describe(module);
    write(reference.id);
    to_.string(reference.name);
  }
  void write(const std::string& text) { to_.string(text); }
  template <class T>
  void write(const std::vector<T>& list) {
    to_.varint(list.size());
    for (const auto& element : list)
      write(element);
  }
  template <class T, std::uint32_t Capacity>
  void write(const inline_list<T, Capacity>& list) {
    to_.varint(list.size());
    for (const auto& element : list)
      write(element);
  }
  template <class T>
  void write(const std::shared_ptr<const T>& pointer) {
    to_.u8(pointer != nullptr);
    if (pointer) write(*pointer);
  }
  void write(const failure_ptr& what) {
    to_.u8(what != nullptr);
    if (what) write_failure(to_, *what);
  }
  void write(const body_ptr& body) {
    if (!body) return to_.varint(0);
    auto& bytes = state_.body_bytes_;
    body->encode(bytes);
    if (bytes.size() > batch_encoder::body_bytes_max)
      throw cannot_travel("the arguments take " + std::to_string(bytes.size()) + " bytes, where at most " +
                          std::to_string(batch_encoder::body_bytes_max) +
                          " are sent along with a task: scatter the large ones, and pass the futures");
    write_encoded(bytes);
  }
  void write(const value_ptr& value) {
    // Measured before it is tried: an object may count for more than its bytes, but not for so much more.
    if (!value || !value->travels() || value->nbytes() > 16 * state_.inline_value_max_ + 1024)
      return to_.varint(0);
    auto& bytes = state_.value_bytes_;
    try {
      value->encode(bytes);
    } catch (...) {
      // It stays where it is; who asks for it there is told why it cannot be sent.
      bytes.clear();
      return to_.varint(0);
    }
    if (!bytes.overflowed()) return write_encoded(bytes);
    bytes.clear();
    to_.varint(0);
  }
  void write(const build_id& id) { to_.raw(std::as_bytes(std::span{id.bytes})); }

  void write_reference(const function_reference& reference) {
    write(reference.module);
    to_.varint(reference.offset);
    to_.string(reference.type);
    to_.string(reference.name);
    to_.string(reference.module_name);
    to_.u8(static_cast<std::uint8_t>(reference.target.how));
    if (reference.target.how == target_reference::kind::none) return;
    write(reference.target.module);
    to_.string(reference.target_module_name);
    to_.varint(reference.target.offset);
    to_.varint(reference.target.second_word);
  }

  // The size plus one, because 0 means that there is nothing; then the bytes. Empties the encoder.
  void write_encoded(encoder& bytes) {
    auto size = static_cast<std::size_t>(bytes.size());
    to_.varint(size + 1);
    bytes.copy_to(to_.extend(size));
    bytes.clear();
  }

  // Writes the connection's number for it. True if it was given just now, and what it means has to follow.
  bool tell(batch_encoder::told_numbers& told, std::uint32_t number) {
    if (number >= told.numbers.size()) told.numbers.resize(number + 1);
    bool is_new = told.numbers[number] == 0;
    if (is_new) told.numbers[number] = ++told.last;
    to_.varint(told.numbers[number]);
    return is_new;
  }
  static void forget_after(batch_encoder::told_numbers& told, std::uint32_t last) {
    if (told.last == last) return;
    for (auto& number : told.numbers)
      if (number > last) number = 0;
    told.last = last;
  }

  batch_encoder& state_;
  byte_writer& to_;
  task_id last_task_;
};

} // namespace weft::detail
