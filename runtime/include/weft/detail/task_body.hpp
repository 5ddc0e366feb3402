#pragma once

#include <weft/detail/array_view.hpp>
#include <weft/detail/intrusive_ptr.hpp>
#include <weft/detail/recycled.hpp>
#include <weft/detail/value.hpp>
#include <weft/export.hpp>
#include <weft/ids.hpp>

#include <cstdint>

namespace weft::detail {

class encoder;
class task_body;

/// Destroys it here, or, on a thread that must not run a user's destructor, elsewhere a little later.
WEFT_API void destroy_users(const task_body* object) noexcept;

/// What a task does: a callable with its captures and arguments, in which futures are replaced by the numbers
/// of the task's inputs. Immutable, because a task may run more than once (a retry, a lost worker): every run
/// gets copies of what it may change. Either live (made by `submit` in this process) or the bytes that one
/// was sent as.
class WEFT_API task_body : public reference_counted<task_body>, public recycled {
 public:
  task_body() noexcept = default;
  virtual ~task_body() = default;
  /// For its last owner.
  static void destroy(const task_body* self) noexcept {
    if (self->has_users_destructor_)
      destroy_users(self);
    else
      delete self;
  }

  /// Calls the function. `inputs[i]` is the value of the task's i-th input. Returns the result (never null: a
  /// void function returns the value of `weft::detail::unit`). Lets the function's exceptions pass.
  virtual value_ptr run(array_view<const value_ptr> inputs) const = 0;

  /// Appends captures and arguments. Throws `weft::cannot_travel`, naming what cannot.
  virtual void encode(encoder& to) const = 0;

  /// About how much memory it holds, in bytes, the object itself included.
  virtual std::uint64_t nbytes() const noexcept = 0;

  /// The function's number in this process (see function_registry).
  virtual function_id function() const noexcept = 0;

 protected:
  explicit task_body(bool has_users_destructor) noexcept : has_users_destructor_(has_users_destructor) {}

 private:
  const bool has_users_destructor_ = false;
};

using body_ptr = intrusive_ptr<const task_body>;

} // namespace weft::detail
