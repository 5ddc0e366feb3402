#pragma once

#include <weft/codec.hpp>
#include <weft/detail/heap_bytes.hpp>
#include <weft/detail/users_destructor.hpp>
#include <weft/detail/value.hpp>

#include <typeinfo>

namespace weft::detail {

/// What a function without a result returns.
struct unit {
  friend bool operator==(unit, unit) = default;
};

/// A value that is an object of this process.
class WEFT_API object_value : public value {
 public:
  explicit object_value(bool has_users_destructor) noexcept : value(has_users_destructor) {}
  ~object_value() override;
  virtual const std::type_info& type() const noexcept = 0;
  /// The object, whose type is type().
  virtual void* object() const noexcept = 0;
  std::string type_name() const final;
};

template <class T>
class WEFT_HIDDEN typed_value final : public object_value {
 public:
  template <class... Arguments>
  explicit typed_value(std::in_place_t, Arguments&&... arguments)
      : object_value(has_users_destructor<T>), object_(std::forward<Arguments>(arguments)...) {}
  ~typed_value() override {
    if constexpr (takes_storage<T>) give_up_storage(object_);
  }

  std::uint64_t nbytes() const noexcept override { return nbytes_; }
  const std::type_info& type() const noexcept override { return typeid(T); }
  void* object() const noexcept override { return &object_; }
  bool travels() const noexcept override { return weft::travels<T>; }
  void encode(encoder& to) const override {
    if constexpr (weft::travels<T>) {
      to.write(shape_of<T>.hash);
      detail::encode_value(to, object_);
    } else {
      throw_cannot_travel(typeid(T), shape_of<T>);
    }
  }

 private:
  mutable T object_; // changed by extract_value only, when nobody else looks
  // Measured once: who still counts the value must neither look at an object that is being taken out nor get
  // another answer afterwards.
  std::uint64_t nbytes_ = sizeof *this + detail::heap_bytes(object_);
};

/// A value holding a T made from the arguments.
template <class T, class... Arguments>
value_ptr make_value(Arguments&&... arguments) {
  return value_ptr::adopt(new typed_value<T>(std::in_place, std::forward<Arguments>(arguments)...));
}

/// How the bytes of a T become one: what `encoded_value` needs to know of a type.
struct value_recipe {
  const std::type_info* type;
  std::uint64_t hash;
  intrusive_ptr<const object_value> (*decode)(decoder& from); ///< null if T does not travel
};

/// Hidden, as all is whose address stands for a type: otherwise the loader makes one of those that two
/// libraries have, although each may have its own T of that name.
template <class T>
struct WEFT_HIDDEN recipe_of {
  static intrusive_ptr<const object_value> decode(decoder& from) {
    return intrusive_ptr<const object_value>::adopt(new typed_value<T>(std::in_place, decode_value<T>(from)));
  }
  static constexpr value_recipe make() {
    if constexpr (weft::travels<T>)
      return {&typeid(T), shape_of<T>.hash, &decode};
    else
      return {&typeid(T), 0, nullptr};
  }
  static constexpr value_recipe recipe = make();
};

/// The object in `from`, decoded if need be. Throws weft::decode_error, in words naming both types, if it is
/// of another type. Any thread.
WEFT_API void* object_of(const value& from, const value_recipe& recipe);

/// The T in `from`: valid as long as `from` is. Decodes on first use (any thread; once per process). Throws
/// weft::decode_error, naming both types, if it is not a T.
template <class T>
const T& value_as(const value& from) {
  // The usual case, in two loads. A value made by another module, or come as bytes, takes the longer way.
  if (&typeid(from) == &typeid(typed_value<T>))
    return *static_cast<const T*>(static_cast<const typed_value<T>&>(from).object());
  return *static_cast<const T*>(object_of(from, recipe_of<T>::recipe));
}

/// Moves the T out of `from`. Only for a caller who knows that nobody looks at the value any more: others who
/// hold it will find it moved from.
template <class T>
T extract_value(value_ptr&& from) {
  const auto owned = std::move(from);
  return std::move(const_cast<T&>(value_as<T>(*owned)));
}

} // namespace weft::detail
