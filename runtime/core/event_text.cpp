#include "runtime/core/event_text.hpp"

namespace weft::detail {

std::string_view name_of(failure_kind kind) noexcept {
  switch (kind) {
  case failure_kind::task_error:
    return "task_error";
  case failure_kind::key_conflict:
    return "key_conflict";
  case failure_kind::cancelled:
    return "cancelled";
  case failure_kind::worker_killed:
    return "worker_killed";
  case failure_kind::lost_data:
    return "lost_data";
  case failure_kind::timeout:
    return "timeout";
  case failure_kind::connection:
    return "connection";
  case failure_kind::build_mismatch:
    return "build_mismatch";
  case failure_kind::cannot_travel:
    return "cannot_travel";
  case failure_kind::decode_error:
    return "decode_error";
  case failure_kind::module_absent:
    return "module_absent";
  }
  return "unknown";
}

void append_text(std::string& text, const std::string& value) {
  text += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  text += '"';
}

void append_text(std::string& text, task_id value) {
  text += std::to_string(value.client().value) + '.' + std::to_string(value.sequence());
}

void append_text(std::string& text, const value_ptr& value) {
  text += value ? '<' + value->type_name() + '>' : "<>";
}

void append_text(std::string& text, const body_ptr& value) {
  text += value ? "<function " + std::to_string(value->function().value) + '>' : "<>";
}

void append_text(std::string& text, const failure_ptr& value) {
  if (!value) {
    text += "[]";
    return;
  }
  text += '[';
  text += name_of(value->kind);
  const auto named = [&](const char* name, const std::string& what) {
    if (what.empty()) return;
    text += ' ';
    text += name;
    text += '=';
    append_text(text, what);
  };
  named("type", value->type);
  named("key", value->key);
  named("worker", value->worker);
  for (const std::string& message : value->messages) {
    text += ' ';
    append_text(text, message);
  }
  text += ']';
}

} // namespace weft::detail
