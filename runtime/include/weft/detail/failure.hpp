#pragma once

#include <weft/detail/intrusive_ptr.hpp>
#include <weft/errors.hpp>
#include <weft/export.hpp>

#include <exception>
#include <string>
#include <vector>

namespace weft::detail {

/// Which of the public error types `result()` throws. Numbers travel: append, never reorder.
enum class failure_kind : std::uint8_t {
  task_error = 0,
  key_conflict = 1,
  cancelled = 2,
  worker_killed = 3,
  lost_data = 4,
  timeout = 5,
  connection = 6,
  build_mismatch = 7,
  cannot_travel = 8,
  decode_error = 9,
  /// What the task was to be called with points into a module that its worker has not, so it was not called.
  /// The scheduler lets another worker try; `result()` throws build_mismatch.
  module_absent = 10,
};
inline constexpr failure_kind last_failure_kind = failure_kind::module_absent;

/// Why a task has no result: data that travels, and is thrown only where the user asks. Immutable and shared.
class WEFT_API failure : public reference_counted<failure> {
 public:
  failure_kind kind = failure_kind::task_error;
  std::string type;                  ///< exception type, demangled (task_error only)
  std::vector<std::string> messages; ///< what()s, outermost first; the one sentence for Weft's own errors
  std::string key;                   ///< the root task's key
  std::string worker;                ///< the worker's name; empty where none ran it
  std::exception_ptr original;       ///< never travels

  /// Describes the exception in flight, following std::nested_exception. Weft's own errors keep their kind.
  static intrusive_ptr<const failure> from_exception(std::exception_ptr thrown, std::string key,
                                                     std::string worker);
  /// The same of a user's codec, which does not know what it was used for: `doing` says it, before the first
  /// message.
  static intrusive_ptr<const failure> of_codec(std::exception_ptr thrown, const std::string& doing);
  /// One of Weft's own errors, told in one sentence.
  static intrusive_ptr<const failure> make(failure_kind kind, std::string sentence);

  /// The same failure of this task and worker.
  intrusive_ptr<const failure> told_of(std::string its_key, std::string its_worker) const;

  /// Throws the public error type that `kind` stands for.
  [[noreturn]] void raise() const;
  std::exception_ptr to_exception() const;
};

using failure_ptr = intrusive_ptr<const failure>;

/// For a handler of whatever decoding `what` has thrown: throws a decode_error that names it, another of
/// Weft's own errors as it is, and of what a user's codec threw a task_error, of no task yet.
[[noreturn]] WEFT_API void rethrow_of_decoding(const std::string& what);

} // namespace weft::detail
