#pragma once

#include <weft/detail/atomic_word.hpp>
#include <weft/detail/task_body.hpp>
#include <weft/export.hpp>
#include <weft/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <typeinfo>

namespace weft::detail {

class decoder;
class encoder;

/// How the callable of a task goes to another process.
enum class callable_kind : std::uint8_t {
  empty,           ///< a lambda without captures, a functor without members: its type says all
  coded,           ///< a functor that the codec knows
  captures,        ///< a closure of trivially copyable captures: its bytes, after a look for pointers
  unchecked,       ///< the same, without that look
  pointer,         ///< a function pointer: which function it is belongs to the function's number
  member_function, ///< a pointer to member function: likewise
  in_process,      ///< never
};

/// The words of a function pointer (one) or pointer to member function (two); zero for other callables.
struct callable_words {
  std::uintptr_t first = 0;
  std::uintptr_t second = 0;
  friend bool operator==(const callable_words&, const callable_words&) = default;
};

/// What all tasks of one callable type and one list of argument types have in common: one static object for
/// each, in the module (program or library) that submits them. Its place in the module is how another process
/// of the same build finds its own. It must be hidden: the loader would otherwise merge those of a program
/// and its libraries, and the place would depend on the order of loading.
struct function_descriptor {
  static constexpr std::uint64_t magic_number = 0x77'65'66'74'66'75'6e'31; // "weftfun1"

  std::uint64_t magic;
  const std::type_info* type;     ///< of the task body
  const std::type_info* callable; ///< of the function
  callable_kind kind;
  /// A body from what typed_body::encode wrote, calling `words` if the callable is a pointer.
  body_ptr (*decode)(decoder& from, const callable_words& words);

  atomic_word<std::uint32_t> number{0};      ///< the function_id, once one is wanted
  atomic_word<bool> captures_checked{false}; ///< some closure of the type has passed the capture scan
};

/// Makes a descriptor known to this process's registry. Called by static initialisation, as a module is
/// loaded.
WEFT_API void register_function(function_descriptor& descriptor);

/// Gives the function a number, the same for all of the process. Any thread.
WEFT_API function_id number_function(function_descriptor& descriptor);

/// The number of a function pointer's function: of the descriptor and the words together. Any thread.
WEFT_API function_id number_function(function_descriptor& descriptor, const callable_words& words);

/// A function pointer (or pointer to member function) that is part of a callable, as another process finds
/// what it points to. Throws weft::cannot_travel for one that means nothing elsewhere.
WEFT_API void encode_function_pointer(encoder& to, callable_kind kind, const callable_words& words);
/// Throws weft::decode_error, or weft::build_mismatch if the module pointed into is not loaded.
WEFT_API callable_words decode_function_pointer(decoder& from, callable_kind kind);

struct function_registrar {
  explicit function_registrar(function_descriptor& descriptor) { register_function(descriptor); }
};

} // namespace weft::detail
