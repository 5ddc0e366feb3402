#pragma once

#include "runtime/core/event_text.hpp"
#include "tests/support/fake_values.hpp"

#include <charconv>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

/// The way back from event_text: values are fake values, bodies fake bodies.
namespace weft::test {

/// Reads a line from left to right. Throws std::runtime_error, with the rest of the line, where it does not
/// go on as it should.
class text_reader {
 public:
  explicit text_reader(std::string_view text) : rest_(text) {}

  bool at_end() {
    skip_spaces();
    return rest_.empty();
  }
  bool take(char wanted) {
    skip_spaces();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) fail(std::string("expected '") + wanted + '\'');
  }
  bool next_is(char wanted) {
    skip_spaces();
    return !rest_.empty() && rest_.front() == wanted;
  }
  /// A name: letters, digits, underscores and what else stands in type names.
  std::string word();
  std::string quoted();
  template <class Number>
  Number number() {
    skip_spaces();
    Number result{};
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), result);
    if (problem != std::errc{}) fail("expected a number");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return result;
  }
  [[noreturn]] void fail(const std::string& why) const;

 private:
  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ')
      rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

void parse(text_reader& from, bool& to);
void parse(text_reader& from, std::string& to);
void parse(text_reader& from, task_id& to);
void parse(text_reader& from, detail::value_ptr& to);
void parse(text_reader& from, detail::body_ptr& to);
void parse(text_reader& from, detail::failure_ptr& to);

template <class T>
void parse_members(text_reader& from, T& to);

template <class T>
void parse(text_reader& from, T& to) {
  if constexpr (std::integral<T>) {
    to = from.number<T>();
  } else if constexpr (requires { typename T::representation; }) {
    to.value = from.number<typename T::representation>();
  } else if constexpr (detail::has_members<T>) {
    from.expect('{');
    parse_members(from, to);
    from.expect('}');
  } else if constexpr (requires { typename T::element_type; }) {
    auto made = std::make_shared<std::remove_const_t<typename T::element_type>>();
    parse(from, *made);
    to = std::move(made);
  } else {
    from.expect('[');
    while (!from.take(']')) {
      typename T::value_type each{};
      parse(from, each);
      to.push_back(std::move(each));
    }
  }
}

/// "name=value name=value", in any order.
template <class T>
void parse_members(text_reader& from, T& to) {
  while (!from.at_end() && !from.next_is('}')) {
    const std::string name = from.word();
    from.expect('=');
    bool known = false;
    T::visit_members(to, [&](const char* member_name, auto& member) {
      if (name != member_name) return;
      known = true;
      parse(from, member);
    });
    if (!known) from.fail(std::string(T::event_name()) + " has no member " + name);
  }
}

/// The event that a line tells.
template <class Variant>
Variant parse_event(const std::string& line) {
  text_reader reader(line);
  const std::string name = reader.word();
  Variant event;
  const auto try_one = [&]<class Event>(std::type_identity<Event>) {
    if (name != Event::event_name()) return false;
    Event its{};
    parse_members(reader, its);
    event = std::move(its);
    return true;
  };
  const bool known = [&]<class... Events>(std::type_identity<std::variant<Events...>>) {
    return (try_one(std::type_identity<Events>{}) || ...);
  }(std::type_identity<Variant>{});
  if (!known) reader.fail("no event is called " + name);
  return event;
}

} // namespace weft::test
