#pragma once

#include <weft/codec.hpp>
#include <weft/detail/function_descriptor.hpp>

#include <type_traits>
#include <utility>

namespace weft {

/// A callable that may capture anything, because it never leaves the process; see `in_process`.
template <class Function>
struct in_process_function {
  Function function;
};

/// A callable whose captures are not looked through for pointers; see `unchecked`.
template <class Function>
struct unchecked_function {
  Function function;
};

/// Lets `function` capture anything: references, pointers, containers; also take and return pointers, views
/// and futures, if what they refer to lives long enough. Such a task runs only on workers of this process;
/// where there are only others, its future fails with weft::cannot_travel.
template <class Function>
in_process_function<std::decay_t<Function>> in_process(Function&& function) {
  return {std::forward<Function>(function)};
}

/// Sends the captures of `function` as they are, even if some look like pointers (a 64-bit number may,
/// rarely). The caller vouches that none is one.
template <class Function>
unchecked_function<std::decay_t<Function>> unchecked(Function&& function) {
  return {std::forward<Function>(function)};
}

} // namespace weft

namespace weft::detail {

template <class Function>
struct unwrapped {
  using type = Function;
  static constexpr bool in_process = false;
  static constexpr bool unchecked = false;
};
template <class Function>
struct unwrapped<in_process_function<Function>> {
  using type = Function;
  static constexpr bool in_process = true;
  static constexpr bool unchecked = false;
};
template <class Function>
struct unwrapped<unchecked_function<Function>> {
  using type = Function;
  static constexpr bool in_process = false;
  static constexpr bool unchecked = true;
};

/// The callable itself, without `in_process` or `unchecked` around it.
template <class Function>
using unwrapped_t = typename unwrapped<std::decay_t<Function>>::type;

template <class Wrapped>
auto&& unwrap(Wrapped&& wrapped) {
  if constexpr (std::is_same_v<unwrapped_t<Wrapped>, std::decay_t<Wrapped>>)
    return std::forward<Wrapped>(wrapped);
  else
    return std::forward<Wrapped>(wrapped).function;
}

/// Whether there is a way at all to send the callable, or the program has said that it needs none.
template <class Wrapped>
inline constexpr bool sendable_callable =
    unwrapped<Wrapped>::in_process || std::is_trivially_copyable_v<unwrapped_t<Wrapped>> ||
    travels<unwrapped_t<Wrapped>>;

template <class Wrapped>
constexpr callable_kind find_callable_kind() {
  using function = unwrapped_t<Wrapped>;
  if (unwrapped<Wrapped>::in_process) return callable_kind::in_process;
  if (is_function_pointer<function>) return callable_kind::pointer;
  if (std::is_member_function_pointer_v<function>) return callable_kind::member_function;
  if (std::is_empty_v<function> && std::is_trivially_copyable_v<function>) return callable_kind::empty;
  if (travels<function>) return callable_kind::coded;
  if (unwrapped<Wrapped>::unchecked || std::is_member_object_pointer_v<function>)
    return callable_kind::unchecked;
  return callable_kind::captures;
}

template <class Wrapped>
inline constexpr callable_kind callable_kind_of = find_callable_kind<Wrapped>();

template <class Function>
callable_words words_of(const Function& function) {
  std::uintptr_t words[2] = {};
  static_assert(sizeof function <= sizeof words);
  std::memcpy(words, &function, sizeof function);
  return {words[0], words[1]};
}

/// Throws weft::cannot_travel if an aligned word of the captures points into a stack, the heap or a loaded
/// module: the address would mean nothing elsewhere. `[&]`, `[this]`, string_view, span and const char* all
/// look like that. Best effort; `closure` is named in the sentence.
WEFT_API void check_captures(const void* captures, std::size_t size, const std::type_info& closure);
[[noreturn]] WEFT_API void throw_in_process_only(const std::type_info& callable);

/// In debug builds every closure is looked through, otherwise the first of its type: whether a capture is a
/// pointer hardly ever depends on the run.
#ifdef NDEBUG
inline constexpr bool check_every_closure = false;
#else
inline constexpr bool check_every_closure = true;
#endif

template <class Function>
void encode_captures(encoder& to, const Function& function, bool check, const std::type_info& type) {
  static_assert(std::is_trivially_copyable_v<Function>);
  alignas(Function) std::byte bytes[sizeof function];
  std::memcpy(bytes, &function, sizeof function);
  // Padding holds whatever was there before, often a pointer: without clearing it the look would find ghosts.
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(reinterpret_cast<Function*>(bytes));
#else
  check = check && std::has_unique_object_representations_v<Function>;
#endif
  if (check) check_captures(bytes, sizeof bytes, type);
  to.write_bytes(bytes, sizeof bytes);
}

/// Appends what the receiver needs besides the type, and where a pointer points to, to make the callable
/// again. `captures_checked` is of all callables of the type.
template <class Wrapped>
void encode_callable(encoder& to, const Wrapped& wrapped, atomic_word<bool>& captures_checked) {
  using enum callable_kind;
  using function = unwrapped_t<Wrapped>;
  constexpr auto kind = callable_kind_of<Wrapped>;
  if constexpr (kind == in_process) {
    throw_in_process_only(typeid(function));
  } else if constexpr (kind == coded) {
    detail::encode_value(to, detail::unwrap(wrapped));
  } else if constexpr (kind == unchecked) {
    encode_captures(to, detail::unwrap(wrapped), false, typeid(function));
  } else if constexpr (kind == captures) {
    const bool check = check_every_closure || !captures_checked.load();
    encode_captures(to, detail::unwrap(wrapped), check, typeid(function));
    if (check) captures_checked.store(true);
  }
}

template <class Function>
Function callable_from_bytes(const std::byte (&bytes)[sizeof(Function)]) {
  struct representation {
    alignas(Function) std::byte bytes[sizeof(Function)];
  } copy;
  std::memcpy(copy.bytes, bytes, sizeof bytes);
  return __builtin_bit_cast(Function, copy); // std::bit_cast without <bit>
}

template <class Wrapped>
Wrapped decode_callable(decoder& from, const callable_words& words) {
  using enum callable_kind;
  using function = unwrapped_t<Wrapped>;
  constexpr auto kind = callable_kind_of<Wrapped>;
  static_assert(kind != in_process);
  if constexpr (kind == coded) {
    return Wrapped{decode_value<function>(from)};
  } else {
    std::byte bytes[sizeof(function)] = {};
    if constexpr (kind == pointer || kind == member_function) {
      const std::uintptr_t both[] = {words.first, words.second};
      std::memcpy(bytes, both, sizeof bytes);
    } else if constexpr (kind == captures || kind == unchecked) {
      from.read_bytes(bytes, sizeof bytes);
    }
    return Wrapped{callable_from_bytes<function>(bytes)};
  }
}

/// A callable that is part of another one: complete in itself, a pointer with what it points to.
template <class Wrapped>
void encode_carried(encoder& to, const Wrapped& wrapped) {
  static constinit atomic_word<bool> captures_checked{false};
  constexpr auto kind = callable_kind_of<Wrapped>;
  if constexpr (kind == callable_kind::pointer || kind == callable_kind::member_function)
    encode_function_pointer(to, kind, detail::words_of(detail::unwrap(wrapped)));
  else
    encode_callable(to, wrapped, captures_checked);
}

template <class Wrapped>
Wrapped decode_carried(decoder& from) {
  constexpr auto kind = callable_kind_of<Wrapped>;
  callable_words words;
  if constexpr (kind == callable_kind::pointer || kind == callable_kind::member_function)
    words = decode_function_pointer(from, kind);
  return decode_callable<Wrapped>(from, words);
}

} // namespace weft::detail
