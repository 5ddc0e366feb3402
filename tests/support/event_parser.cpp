#include "tests/support/event_parser.hpp"

#include <cctype>

namespace weft::test {

std::string text_reader::word() {
  skip_spaces();
  std::size_t length = 0;
  while (length < rest_.size() &&
         (std::isalnum(static_cast<unsigned char>(rest_[length])) || rest_[length] == '_'))
    ++length;
  if (length == 0) fail("expected a name");
  const std::string result(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return result;
}

std::string text_reader::quoted() {
  expect('"');
  std::string result;
  while (!rest_.empty() && rest_.front() != '"') {
    const bool escaped = rest_.front() == '\\' && rest_.size() > 1;
    if (escaped) rest_.remove_prefix(1);
    result += escaped && rest_.front() == 'n' ? '\n' : rest_.front();
    rest_.remove_prefix(1);
  }
  expect('"');
  return result;
}

void text_reader::fail(const std::string& why) const {
  throw std::runtime_error(why + ", but the line goes on: " + std::string(rest_));
}

void parse(text_reader& from, bool& to) {
  const std::string said = from.word();
  if (said != "true" && said != "false") from.fail("expected true or false, not " + said);
  to = said == "true";
}

void parse(text_reader& from, std::string& to) {
  to = from.quoted();
}

void parse(text_reader& from, task_id& to) {
  const auto client = from.number<std::uint32_t>();
  from.expect('.');
  to = task_id::make(client_id{client}, from.number<std::uint64_t>());
}

void parse(text_reader& from, detail::value_ptr& to) {
  from.expect('<');
  if (from.word() != "fake") from.fail("a value in a transcript is <fake:NUMBER>");
  from.expect(':');
  to = make_fake(from.number<std::uint64_t>());
  from.expect('>');
}

void parse(text_reader& from, detail::body_ptr& to) {
  from.expect('<');
  if (from.word() != "function") from.fail("a body in a transcript is <function NUMBER>");
  to = make_fake_body(function_id{from.number<std::uint32_t>()});
  from.expect('>');
}

void parse(text_reader& from, detail::failure_ptr& to) {
  auto made = detail::make_intrusive<detail::failure>();
  from.expect('[');
  const std::string kind = from.word();
  bool known = false;
  for (int i = 0; i <= static_cast<int>(detail::last_failure_kind); ++i) {
    const auto each = static_cast<detail::failure_kind>(i);
    if (detail::name_of(each) != kind) continue;
    made->kind = each;
    known = true;
  }
  if (!known) from.fail("no kind of failure is called " + kind);
  while (!from.take(']')) {
    if (from.next_is('"')) {
      made->messages.push_back(from.quoted());
      continue;
    }
    const std::string name = from.word();
    from.expect('=');
    std::string text = from.quoted();
    if (name == "type")
      made->type = std::move(text);
    else if (name == "key")
      made->key = std::move(text);
    else if (name == "worker")
      made->worker = std::move(text);
    else
      from.fail("a failure has no " + name);
  }
  to = std::move(made);
}

} // namespace weft::test
