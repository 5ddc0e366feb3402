#pragma once

#include <weft/detail/intrusive_ptr.hpp>
#include <weft/export.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft {

/// The base of all that Weft itself throws, but for programming errors (std::logic_error,
/// std::invalid_argument).
class WEFT_API error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~error() override;
};

/// What `result()` throws for a task that threw, or for whose values a codec did: the same in one process as
/// over many, so that a program can move.
class WEFT_API task_error : public error {
 public:
  struct details {
    std::string type;                  ///< the exception's type, demangled; empty if it is not known
    std::vector<std::string> messages; ///< its what() and those of the exceptions nested in it, outermost
                                       ///< first; cut after 1 MiB in all
    std::string key;                   ///< of the task that threw; a dependent's error names the root
    std::string worker;                ///< the name of the worker it ran on
  };
  task_error(details what, std::exception_ptr original);
  task_error(const task_error& other) noexcept;
  task_error& operator=(const task_error& other) noexcept;
  ~task_error() override;

  const std::string& type() const noexcept;
  const std::vector<std::string>& messages() const noexcept;
  const std::string& key() const noexcept;
  const std::string& worker() const noexcept;

  /// The exception itself where the task ran in this process, else null.
  std::exception_ptr original() const noexcept;

 private:
  struct shared;
  detail::intrusive_ptr<const shared> shared_; // an exception is copied by those who cannot bear another one
};

/// A key was asked for that another live task has.
class WEFT_API key_conflict : public error {
 public:
  using error::error;
  ~key_conflict() override;
};

/// The task was cancelled, or its client was closed or lost its scheduler; what() says which.
class WEFT_API cancelled_error : public error {
 public:
  using error::error;
  ~cancelled_error() override;
};

/// The task was running on a worker that died, more often than the scheduler allows. Of the first such worker
/// only that the task was assigned to it is known; from then on workers say when they begin it, so that
/// nothing is held against tasks that only stood in line.
class WEFT_API worker_killed : public error {
 public:
  using error::error;
  ~worker_killed() override;
};

/// The only copy of a scattered datum was lost; there is nothing to compute it from.
class WEFT_API lost_data_error : public error {
 public:
  using error::error;
  ~lost_data_error() override;
};

/// A time limit passed; what() says what was waited for and why it has not come.
class WEFT_API timeout_error : public error {
 public:
  using error::error;
  ~timeout_error() override;
};

/// A connection could not be made, was refused, or is lost and would be needed; what() names the address or
/// the reason.
class WEFT_API connection_error : public error {
 public:
  using error::error;
  ~connection_error() override;
};

/// No worker has the module that the task's function lives in, or one that it is called with a pointer into;
/// what() names it, the build-id wanted, those present.
class WEFT_API build_mismatch : public error {
 public:
  using error::error;
  ~build_mismatch() override;
};

/// A value, argument or capture of a type without a codec had to leave the process, or arguments of more than
/// 16 MB; what() says which.
class WEFT_API cannot_travel : public error {
 public:
  using error::error;
  ~cannot_travel() override;
};

/// Bytes are not what they should be: cut short, of another type, nested too deeply.
class WEFT_API decode_error : public error {
 public:
  using error::error;
  ~decode_error() override;
};

} // namespace weft
