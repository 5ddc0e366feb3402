#pragma once

#include <weft/detail/intrusive_ptr.hpp>
#include <weft/export.hpp>

#include <cstdint>
#include <string>

namespace weft::detail {

class encoder;
class value;

/// Destroys it here, or, on a thread that must not run a user's destructor, elsewhere a little later.
WEFT_API void destroy_users(const value* object) noexcept;

/// A task's result, or a scattered datum: immutable once made, shared by whoever needs it. Either an object
/// of this process (`typed_value<T>`) or the bytes that one was sent as (`encoded_value`), which are decoded
/// once, by whoever first knows the type. The machines move values about and never look inside.
class WEFT_API value : public reference_counted<value> {
 public:
  value() noexcept = default;
  virtual ~value() = default;
  /// For its last owner.
  static void destroy(const value* self) noexcept {
    if (self->has_users_destructor_)
      destroy_users(self);
    else
      delete self;
  }

  /// About how much memory it holds, in bytes, the object itself included.
  virtual std::uint64_t nbytes() const noexcept = 0;

  /// The type's name as a C++ programmer writes it.
  virtual std::string type_name() const = 0;

  /// Whether it can become bytes at all.
  virtual bool travels() const noexcept = 0;

  /// Appends the type's structural hash (8 bytes) and the payload. Throws `weft::cannot_travel` for a type
  /// without a codec, and whatever a user's codec throws. May be called by several threads at once.
  virtual void encode(encoder& to) const = 0;

 protected:
  explicit value(bool has_users_destructor) noexcept : has_users_destructor_(has_users_destructor) {}

 private:
  const bool has_users_destructor_ = false;
};

using value_ptr = intrusive_ptr<const value>;

} // namespace weft::detail
