#pragma once

#include <weft/detail/failure.hpp>
#include <weft/detail/task_body.hpp>
#include <weft/detail/value.hpp>
#include <weft/ids.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

/// Events as people read them, for stories and transcripts:
///
///     task_finished worker=2 task=1.7 run=1 duration=500000 nbytes=8 value=<int>
///
/// A member that is zero, empty or null is left out. A task is client.sequence, a value its type's name, a
/// failure [kind "message"…]; nested structs stand in braces, lists in brackets.
namespace weft::detail {

template <class T>
concept has_members = requires(const T& event) {
  { T::event_name() } -> std::convertible_to<const char*>;
  T::visit_members(event, [](const char*, const auto&) {});
};

/// "task_error", and so on: the names of failure_kind.
std::string_view name_of(failure_kind kind) noexcept;

void append_text(std::string& text, const std::string& value);
void append_text(std::string& text, task_id value);
void append_text(std::string& text, const value_ptr& value);
void append_text(std::string& text, const body_ptr& value);
void append_text(std::string& text, const failure_ptr& value);

template <class T>
void append_members(std::string& text, const T& event);

template <class T>
void append_text(std::string& text, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    text += value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    text += std::to_string(value);
  } else if constexpr (requires { typename T::representation; }) {
    text += std::to_string(value.value);
  } else if constexpr (has_members<T>) {
    text += '{';
    append_members(text, value);
    text += '}';
  } else if constexpr (requires { *value; }) {
    append_text(text, *value);
  } else {
    text += '[';
    for (std::string_view separator; const auto& each : value) {
      text += std::exchange(separator, " ");
      append_text(text, each);
    }
    text += ']';
  }
}

/// "name=value name=value", without those that are zero, empty or null.
template <class T>
void append_members(std::string& text, const T& event) {
  bool first = true;
  T::visit_members(event, [&](const char* name, const auto& member) {
    using member_type = std::remove_cvref_t<decltype(member)>;
    if (member == member_type{}) return;
    if (!std::exchange(first, false)) text += ' ';
    text += name;
    text += '=';
    append_text(text, member);
  });
}

template <has_members Event>
std::string event_text(const Event& event) {
  std::string members;
  append_members(members, event);
  return members.empty() ? Event::event_name() : std::string(Event::event_name()) + ' ' + members;
}

template <class... Events>
std::string event_text(const std::variant<Events...>& event) {
  return std::visit([](const auto& its) { return event_text(its); }, event);
}

} // namespace weft::detail
