#include "runtime/core/demangle.hpp"
#include "runtime/core/module_absent.hpp"

#include <weft/detail/failure.hpp>

#include <algorithm>
#include <cxxabi.h>
#include <string_view>
#include <utility>

namespace weft::detail {

namespace {

failure_kind kind_of(const error& thrown) {
  if (dynamic_cast<const key_conflict*>(&thrown)) return failure_kind::key_conflict;
  if (dynamic_cast<const cancelled_error*>(&thrown)) return failure_kind::cancelled;
  if (dynamic_cast<const worker_killed*>(&thrown)) return failure_kind::worker_killed;
  if (dynamic_cast<const lost_data_error*>(&thrown)) return failure_kind::lost_data;
  if (dynamic_cast<const timeout_error*>(&thrown)) return failure_kind::timeout;
  if (dynamic_cast<const connection_error*>(&thrown)) return failure_kind::connection;
  if (dynamic_cast<const module_absent*>(&thrown)) return failure_kind::module_absent;
  if (dynamic_cast<const build_mismatch*>(&thrown)) return failure_kind::build_mismatch;
  if (dynamic_cast<const cannot_travel*>(&thrown)) return failure_kind::cannot_travel;
  if (dynamic_cast<const decode_error*>(&thrown)) return failure_kind::decode_error;
  return failure_kind::task_error;
}

// The exception's type as its thrower named it: std::throw_with_nested throws a type of its own around it.
std::string type_name_of(const std::exception& thrown) {
  constexpr std::string_view wrapper = "std::_Nested_exception<";
  std::string name = demangled(typeid(thrown));
  if (!name.starts_with(wrapper)) return name;
  name = name.substr(wrapper.size(), name.size() - wrapper.size() - 1);
  while (name.ends_with(' '))
    name.pop_back();
  return name;
}

// Together at most so many bytes: nobody reads more, and no connection takes 16 MB at once.
class message_list {
 public:
  void append(const char* text) { append(std::string_view(text ? text : "(what() gave null)")); }
  void append(std::string_view text) {
    std::size_t kept = std::min(text.size(), left_);
    while (kept > 0 && kept < text.size() && (text[kept] & 0xc0) == 0x80)
      --kept; // not in the middle of a character
    left_ -= kept;
    messages_.emplace_back(text.substr(0, kept));
    if (kept < text.size()) messages_.back() += "… (" + std::to_string(text.size()) + " bytes)";
  }
  /// The what() of the exception in flight and of all that are nested in it, outermost first.
  void append_chain(const std::exception& thrown) {
    append(thrown.what());
    // It nests nothing if it was thrown with throw_with_nested outside of a handler; rethrowing that ends the
    // program.
    const auto* const outer = dynamic_cast<const std::nested_exception*>(&thrown);
    if (!outer || !outer->nested_ptr()) return;
    try {
      outer->rethrow_nested();
    } catch (const std::exception& nested) {
      append_chain(nested);
    } catch (...) {
      append("(not a std::exception)");
    }
  }

  std::vector<std::string> take() { return std::move(messages_); }

 private:
  std::vector<std::string> messages_;
  std::size_t left_ = 1 << 20;
};

} // namespace

failure_ptr failure::from_exception(std::exception_ptr thrown, std::string key, std::string worker) {
  auto result = make_intrusive<failure>();
  result->key = std::move(key);
  result->worker = std::move(worker);
  result->original = thrown;
  message_list messages;
  try {
    std::rethrow_exception(thrown);
  } catch (const task_error& nested) {
    // A task that asked for another task's result: the root's story stays the one that is told.
    result->type = nested.type();
    for (const auto& message : nested.messages())
      messages.append(message);
    if (nested.key().empty()) {
      result->original = nested.original(); // a codec's, which did not know for which task it was called
    } else {
      result->key = nested.key();
      result->worker = nested.worker();
    }
  } catch (const error& own) {
    result->kind = kind_of(own);
    result->type = type_name_of(own);
    messages.append_chain(own);
  } catch (const std::exception& standard) {
    result->type = type_name_of(standard);
    messages.append_chain(standard);
  } catch (...) {
    if (const std::type_info* type = abi::__cxa_current_exception_type()) result->type = demangled(*type);
    messages.append("(not a std::exception)");
  }
  result->messages = messages.take();
  return result;
}

failure_ptr failure::of_codec(std::exception_ptr thrown, const std::string& doing) {
  const auto bare = from_exception(thrown, {}, {});
  if (bare->kind != failure_kind::task_error) return bare; // Weft's own sentences say what they are about
  auto result = make_intrusive<failure>();
  result->type = bare->type;
  result->messages = bare->messages;
  result->messages.front() = doing + ": " + result->messages.front();
  result->original = bare->original;
  return result;
}

failure_ptr failure::told_of(std::string its_key, std::string its_worker) const {
  auto result = make_intrusive<failure>();
  result->kind = kind;
  result->type = type;
  result->messages = messages;
  result->key = std::move(its_key);
  result->worker = std::move(its_worker);
  result->original = original;
  return result;
}

failure_ptr failure::make(failure_kind kind, std::string sentence) {
  auto result = make_intrusive<failure>();
  result->kind = kind;
  result->messages.push_back(std::move(sentence));
  return result;
}

void failure::raise() const {
  std::string sentence;
  for (const auto& message : messages)
    sentence += (sentence.empty() ? "" : ", caused by: ") + message;
  const bool of_values = kind == failure_kind::cannot_travel || kind == failure_kind::decode_error;
  if (of_values && !key.empty()) sentence += " (in " + key + (worker.empty() ? ")" : ", on " + worker + ')');
  switch (kind) {
  case failure_kind::task_error:
    throw task_error({.type = type, .messages = messages, .key = key, .worker = worker}, original);
  case failure_kind::key_conflict:
    throw weft::key_conflict(sentence);
  case failure_kind::cancelled:
    throw cancelled_error(sentence);
  case failure_kind::worker_killed:
    throw weft::worker_killed(sentence);
  case failure_kind::lost_data:
    throw lost_data_error(sentence);
  case failure_kind::timeout:
    throw timeout_error(sentence);
  case failure_kind::connection:
    throw connection_error(sentence);
  case failure_kind::build_mismatch:
  case failure_kind::module_absent:
    throw weft::build_mismatch(sentence);
  case failure_kind::cannot_travel:
    throw weft::cannot_travel(sentence);
  case failure_kind::decode_error:
    throw weft::decode_error(sentence);
  }
  throw error("a failure of unknown kind: " + sentence);
}

std::exception_ptr failure::to_exception() const {
  try {
    raise();
  } catch (...) {
    return std::current_exception();
  }
}

void rethrow_of_decoding(const std::string& what) {
  try {
    throw;
  } catch (const decode_error& damaged) {
    constexpr std::string_view of_nothing = "weft: cannot decode: ";
    const std::string sentence = damaged.what();
    if (!sentence.starts_with(of_nothing)) throw;
    throw decode_error("weft: cannot decode " + what + ": " + sentence.substr(of_nothing.size()));
  } catch (const error&) {
    throw;
  } catch (...) {
    failure::of_codec(std::current_exception(), "decoding " + what)->raise();
  }
}

} // namespace weft::detail
