#pragma once

#include "runtime/core/event_text.hpp"
#include "runtime/core/instant.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weft::test {

/// What must not happen has happened; the text is a sentence.
struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws a violation unless `holds`.
inline void expect(bool holds, const char* sentence) {
  if (!holds) throw violation(sentence);
}
template <class Sentence>
requires std::invocable<Sentence>
void expect(bool holds, Sentence&& sentence) {
  if (!holds) throw violation(sentence());
}

/// What happened, line by line: printed, reduced to a number that tells two runs apart, or neither.
class story {
 public:
  bool printed = false;
  bool hashed = false;

  bool told() const noexcept { return printed || hashed; }
  std::uint64_t hash() const noexcept { return hash_; }

  void tell(detail::instant when, std::string_view who, std::string_view what);

  /// "scheduler hears task_finished worker=2 …"
  template <class Event>
  void hears(detail::instant when, std::string_view who, const Event& event) {
    if (told()) tell(when, who, "hears " + detail::event_text(event));
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

} // namespace weft::test
