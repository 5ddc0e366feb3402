#pragma once

#include <weft/detail/captures.hpp>
#include <weft/detail/inputs.hpp>
#include <weft/detail/task_body.hpp>
#include <weft/detail/users_destructor.hpp>

#include <string>

namespace weft {
struct task_options;
}

namespace weft::detail {

// -- calling --------------------------------------------------------------------

/// std::invoke, whose header costs more than all of this one.
template <class Function, class... Arguments>
decltype(auto) invoke_callable(Function& function, const Arguments&... arguments) {
  return function(arguments...);
}
// Were the member virtual, the object would hold a pointer to the table: GCC 12 warns where it is too small.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
template <class Member, class Class, class Object, class... Arguments>
decltype(auto) invoke_callable(Member Class::*const& member, const Object& object,
                               const Arguments&... arguments) {
  const auto& self = [&]() -> decltype(auto) {
    if constexpr (std::is_base_of_v<Class, Object>)
      return (object);
    else if constexpr (is_reference_wrapper<Object>)
      return object.get();
    else
      return *object;
  }();
  if constexpr (std::is_function_v<Member>)
    return (self.*member)(arguments...);
  else
    return (self.*member);
}
#pragma GCC diagnostic pop

/// A string literal is kept as a string if the function takes one, or a string_view: a pointer could not
/// travel.
template <class Argument>
using without_literals =
    std::conditional_t<std::is_same_v<Argument, const char*> || std::is_same_v<Argument, char*>, std::string,
                       Argument>;

template <class Function, class... Arguments>
inline constexpr bool callable_with = std::is_invocable_v<Function&, const resolved_t<Arguments>&...>;

template <class Function, class Argument, class... Arguments>
using stored_argument_t = std::conditional_t<callable_with<Function, without_literals<Arguments>...>,
                                             without_literals<Argument>, Argument>;

/// Whether the function is a template or overloaded, so that trying a call may compile its body.
template <class Function>
inline constexpr bool is_generic = std::is_class_v<Function> && !requires {
  &Function::operator();
};

/// Whether a generic function takes an argument as `auto&`. To try it with const would compile its body,
/// which may change what it is given; an rvalue it refuses before.
template <class Function, class... Arguments>
constexpr bool takes_by_reference() {
  if constexpr (is_generic<Function> && sizeof...(Arguments) != 0) {
    if constexpr (!std::is_invocable_v<Function&, resolved_t<Arguments>...>)
      return std::is_invocable_v<Function&, resolved_t<Arguments>&...>;
    else
      return false;
  } else {
    return false;
  }
}

/// Becomes a T, or what is made of one.
template <class T>
struct given_by_value {
  operator T() const;
};
/// Becomes a const T& in one way and a T in two: it is given to a function that takes the T by reference
/// only.
template <class T>
struct given_by_reference {
  operator T() const;
  operator const T&() const;
};

template <template <class> class Given, class Function, std::size_t Position, class... Arguments,
          std::size_t... Index>
constexpr bool takes_at(std::index_sequence<Index...>) {
  return std::is_invocable_v<Function&, std::conditional_t<Index == Position, Given<resolved_t<Arguments>>,
                                                           const resolved_t<Arguments>&>...>;
}
template <class Function, class... Arguments, std::size_t... Index>
constexpr bool copies_uncopyable([[maybe_unused]] std::index_sequence<Index...> indices) {
  return ((!is_copyable<resolved_t<Arguments>> &&
           takes_at<given_by_value, Function, Index, Arguments...>(indices) &&
           !takes_at<given_by_reference, Function, Index, Arguments...>(indices)) ||
          ...);
}
/// Whether a function that can be called takes by value what cannot be copied, though the language thinks it
/// can. Nothing is said of a generic function: to try it would compile its body.
template <class Function, class... Arguments>
constexpr bool copies_uncopyable() {
  if constexpr (is_generic<Function>)
    return false;
  else
    return copies_uncopyable<Function, Arguments...>(std::index_sequence_for<Arguments...>{});
}

template <class Function, class... Arguments>
constexpr void check_parameters() {
  constexpr bool copies = copies_uncopyable<Function, Arguments...>();
  static_assert(
      copies || !std::is_invocable_v<Function&, resolved_t<Arguments>&...>,
      "weft: the function takes an argument by reference to non-const (T&); arguments are shared with other "
      "tasks and must not be changed: take it as const T&, or as T to get a copy");
  static_assert(
      !copies && (std::is_invocable_v<Function&, resolved_t<Arguments>&...> ||
                  !std::is_invocable_v<Function&, resolved_t<Arguments>&&...>),
      "weft: the function takes an argument by rvalue reference (T&&), or a move-only one by value; a task "
      "may run more than once, so its arguments cannot be moved from: take it as const T&");
  static_assert(
      std::is_invocable_v<Function&, resolved_t<Arguments>&...> ||
          std::is_invocable_v<Function&, resolved_t<Arguments>&&...>,
      "weft: the function cannot be called with these arguments; a future<T> counts as a const T&, and "
      "within a container too");
}

template <class Function, class... Arguments>
constexpr void check_call() {
  constexpr bool options_last = (std::is_same_v<Arguments, task_options> || ...);
  static_assert(!options_last, "weft: options come first: submit({.retries = 3}, function, arguments…)");
  if constexpr (!options_last) check_parameters<Function, Arguments...>();
}

/// Whether what stands in the function's place is one, as far as can be said of any arguments.
template <class Function>
constexpr bool check_function() {
  constexpr bool is_future = std::is_base_of_v<any_future, Function>;
  static_assert(!is_future,
                "weft: a future is no function: submit the function, and the future as an argument of it, "
                "submit(function, future); the task then begins when the future's is done");
  return !is_future;
}

/// Whether the task waits for all futures in its (decayed) arguments: those that are left after substitution
/// are no inputs of it, and mean nothing in another process.
template <bool InProcess, class... Arguments>
constexpr bool check_futures() {
  constexpr bool holds_future = !InProcess && (shape_of<Arguments>.holds_future || ...);
  static_assert(!holds_future,
                "weft: an argument holds a future for which the task would not wait: one within a struct, or "
                "a std::future, or an any_future, which does not say what its result is: pass a future<T>, "
                "by itself or within a container, or wrap the function in weft::in_process");
  return !holds_future;
}

/// Whether what a call gives can be kept (decayed), and means something to whoever asks for it. What is kept
/// in this process only may refer to what is there.
template <class Given, bool InProcess>
constexpr bool check_result() {
  using result = std::decay_t<Given>;
  constexpr bool can_be_moved = std::is_move_constructible_v<result>;
  static_assert(can_be_moved,
                "weft: the function returns what can be neither copied nor moved, so it cannot be "
                "kept: return a std::unique_ptr to it");
  constexpr bool can_be_kept = can_be_moved && is_keepable<Given>;
  static_assert(!can_be_moved || can_be_kept,
                "weft: the function returns a reference to what cannot be copied, or a const one, and its "
                "result outlives that: return a value that can be moved");
  if constexpr (can_be_kept && !InProcess) {
    constexpr bool borrows = shape_of<result>.borrows;
    static_assert(
        !borrows,
        "weft: the function returns a pointer or a view (string_view, span, std::ref), and its result "
        "outlives what that refers to: return the value (a std::string, a std::vector), or wrap the function "
        "in weft::in_process if the data stays where it is");
    constexpr bool holds_future = shape_of<result>.holds_future;
    static_assert(!holds_future,
                  "weft: the function returns a future, which means nothing in another process: return its "
                  "result, for which a task may wait, or submit the second task from outside");
    return !borrows && !holds_future;
  } else {
    return can_be_kept;
  }
}

/// Of what a call gives: `unit` for void, a value for a reference.
template <class Given, bool InProcess>
constexpr auto find_kept_result() {
  if constexpr (std::is_void_v<Given>)
    return std::type_identity<unit>{};
  else if constexpr (check_result<Given, InProcess>())
    return std::type_identity<std::decay_t<Given>>{};
  else
    return std::type_identity<refused>{};
}

/// Of a call that can be made.
template <class Function, bool InProcess, class... Arguments>
constexpr auto find_call_result() {
  if constexpr (copies_uncopyable<Function, Arguments...>()) {
    check_call<Function, Arguments...>();
    return std::type_identity<refused>{};
  } else {
    return find_kept_result<std::invoke_result_t<Function&, const resolved_t<Arguments>&...>, InProcess>();
  }
}

/// What the function returns for these (decayed) arguments: `unit` for void, a value for a reference. If the
/// task cannot be, that is said in one sentence, unless an argument has been refused in another, and the
/// result is `refused`.
template <class Wrapped, class... Arguments>
constexpr auto find_task_result() {
  using function = unwrapped_t<Wrapped>;
  constexpr bool in_process = unwrapped<Wrapped>::in_process;
  if constexpr ((is_refused<Arguments> || ...)) {
    return std::type_identity<refused>{};
  } else if constexpr (!check_function<function>()) {
    return std::type_identity<refused>{};
  } else if constexpr (!(std::is_move_constructible_v<Arguments> && ...)) {
    return std::type_identity<refused>{}; // make_body says why
  } else if constexpr (!check_futures<in_process, Arguments...>()) {
    return std::type_identity<refused>{};
  } else if constexpr (takes_by_reference<function, without_literals<Arguments>...>()) {
    check_call<function, without_literals<Arguments>...>();
    return std::type_identity<refused>{};
  } else if constexpr (callable_with<function, without_literals<Arguments>...>) {
    return find_call_result<function, in_process, without_literals<Arguments>...>();
  } else if constexpr (callable_with<function, Arguments...>) {
    return find_call_result<function, in_process, Arguments...>();
  } else {
    check_call<function, Arguments...>();
    return std::type_identity<refused>{};
  }
}

template <class Wrapped, class... Arguments>
using task_result_t =
    typename decltype(find_task_result<std::decay_t<Wrapped>, std::decay_t<Arguments>...>())::type;

// -- the body -------------------------------------------------------------------

template <std::size_t Index, class Argument>
struct argument_at {
  Argument value;
};

/// The arguments of a task, initialised with one {…} for each, from left to right: of std::tuple, which costs
/// as much to include as all bodies, only what they need.
template <class Indices, class... Arguments>
struct argument_list;
template <std::size_t... Index, class... Arguments>
struct argument_list<std::index_sequence<Index...>, Arguments...> : argument_at<Index, Arguments>... {
  template <class Visitor>
  decltype(auto) visit(Visitor&& visitor) const {
    return visitor(static_cast<const argument_at<Index, Arguments>&>(*this).value...);
  }
};

template <class Wrapped, class... Arguments>
struct descriptor_of;

/// A callable (perhaps in `in_process` or `unchecked`) with its arguments.
template <class Wrapped, class... Arguments>
class WEFT_HIDDEN typed_body final : public task_body {
 public:
  using function_type = unwrapped_t<Wrapped>;
  using result_type = task_result_t<Wrapped, Arguments...>;

  template <class... Given>
  explicit typed_body(Wrapped callable, Given&&... arguments)
      : task_body(users_destructor),
        function_(std::move(callable)), arguments_{{std::forward<Given>(arguments)}...} {}

  value_ptr run(array_view<const value_ptr> inputs) const override {
    return arguments_.visit([&](const Arguments&... argument) {
      return call(resolution<Arguments>::resolve(argument, inputs)...);
    });
  }

  void encode(encoder& to) const override {
    encode_callable(to, function_, descriptor_of<Wrapped, Arguments...>::descriptor.captures_checked);
    arguments_.visit([&](const Arguments&... argument) { (encode_argument(to, argument), ...); });
  }

  std::uint64_t nbytes() const noexcept override {
    const auto behind = arguments_.visit(
        [](const Arguments&... argument) { return (std::uint64_t{0} + ... + detail::heap_bytes(argument)); });
    return sizeof *this + behind + detail::heap_bytes(detail::unwrap(function_));
  }

  function_id function() const noexcept override {
    auto& descriptor = descriptor_of<Wrapped, Arguments...>::registered();
    if constexpr (kind == callable_kind::pointer || kind == callable_kind::member_function) {
      return number_function(descriptor, detail::words_of(detail::unwrap(function_)));
    } else {
      const auto number = descriptor.number.load();
      return number != 0 ? function_id{number} : number_function(descriptor);
    }
  }

  static body_ptr decode(decoder& from, const callable_words& words) {
    if constexpr (kind == callable_kind::in_process || !(travels<Arguments> && ...)) {
      decoder::fail("a task that never travels has arrived");
    } else {
      return body_ptr::adopt(new typed_body(from, words));
    }
  }

 private:
  static constexpr auto kind = callable_kind_of<Wrapped>;
  static constexpr bool users_destructor =
      has_users_destructor<Wrapped> || (has_users_destructor<Arguments> || ...);

  typed_body(decoder& from, const callable_words& words)
      : task_body(users_destructor),
        function_(decode_callable<Wrapped>(from, words)), arguments_{{decode_value<Arguments>(from)}...} {}

  template <class Argument>
  static void encode_argument(encoder& to, const Argument& argument) {
    if constexpr (travels<Argument>)
      detail::encode_value(to, argument);
    else
      throw_cannot_travel(typeid(Argument), shape_of<Argument>);
  }

  value_ptr call(const resolved_t<Arguments>&... arguments) const {
    const auto& callable = detail::unwrap(function_);
    if constexpr (std::is_invocable_v<const function_type&, const resolved_t<Arguments>&...>) {
      return call_now(callable, arguments...);
    } else {
      constexpr bool can_be_copied = is_copyable<function_type>;
      static_assert(
          can_be_copied,
          "weft: the function is mutable and cannot be copied; a task may run more than once, and every run "
          "needs a copy of its own");
      if constexpr (can_be_copied) {
        auto copy = callable;
        return call_now(copy, arguments...);
      } else {
        __builtin_unreachable(); // so that the sentence is all that the compiler says
      }
    }
  }

  template <class Function>
  static value_ptr call_now(Function& callable, const resolved_t<Arguments>&... arguments) {
    if constexpr (std::is_void_v<std::invoke_result_t<Function&, const resolved_t<Arguments>&...>>) {
      detail::invoke_callable(callable, arguments...);
      return detail::make_value<unit>();
    } else {
      return detail::make_value<result_type>(detail::invoke_callable(callable, arguments...));
    }
  }

  Wrapped function_;
  argument_list<std::index_sequence_for<Arguments...>, Arguments...> arguments_;
};

template <class Wrapped, class... Arguments>
struct WEFT_HIDDEN descriptor_of {
  static inline constinit function_descriptor descriptor{.magic = function_descriptor::magic_number,
                                                         .type = &typeid(typed_body<Wrapped, Arguments...>),
                                                         .callable = &typeid(unwrapped_t<Wrapped>),
                                                         .kind = callable_kind_of<Wrapped>,
                                                         .decode =
                                                             &typed_body<Wrapped, Arguments...>::decode};
  static inline const function_registrar registrar{descriptor};

  /// The descriptor; that it names the registrar is what makes every module with such tasks register at load.
  static function_descriptor& registered() {
    static_cast<void>(&registrar);
    return descriptor;
  }
};

/// Whether all arguments can be kept. Of a call that has been refused the rest is not looked at.
template <bool Refused, class... Given>
constexpr bool check_arguments() {
  constexpr bool can_be_moved = (std::is_move_constructible_v<std::decay_t<Given>> && ...);
  static_assert(can_be_moved,
                "weft: an argument can be neither copied nor moved: hand over a std::unique_ptr to it");
  constexpr bool can_be_kept = (is_keepable<Given> && ...);
  static_assert(Refused || !can_be_moved || can_be_kept,
                "weft: an argument cannot be copied: hand it over with std::move");
  return can_be_moved && can_be_kept;
}

/// Whether the body of such a call can be made. What is wrong with the call is said in one sentence, and
/// nothing else that could be wrong is looked at then.
template <class Wrapped, class... Given>
constexpr bool check_body() {
  using called = unwrapped_t<Wrapped>;
  constexpr bool is_call_refused = is_refused<task_result_t<Wrapped, Given...>>;
  constexpr bool can_be_kept = check_arguments<is_call_refused, Given...>();
  if constexpr (is_call_refused) {
    return false;
  } else {
    static_assert(sendable_callable<Wrapped>,
                  "weft: the function has a capture that cannot be sent to another process (it is not "
                  "trivially copyable, or not a functor with a codec): pass it as an argument instead, or "
                  "wrap the function in weft::in_process if it only ever runs in this process");
    constexpr bool borrows =
        !unwrapped<Wrapped>::in_process &&
        (shape_of<stored_argument_t<called, std::decay_t<Given>, std::decay_t<Given>...>>.borrows || ...);
    static_assert(
        !borrows,
        "weft: a pointer means nothing in another process, and no more does a view (string_view, "
        "span, std::ref); pass the value (a std::string, a std::vector; for a string literal take a "
        "std::string or std::string_view), or wrap the function in weft::in_process if it only "
        "ever runs in this process");
    return can_be_kept && sendable_callable<Wrapped> && !borrows;
  }
}

/// A task's body. Arguments are kept as values; futures must have been replaced by `input<T>` before, also
/// within containers. All that can be wrong with the call is said in one sentence at compile time.
template <class Function, class... Arguments>
body_ptr make_body(Function&& function, Arguments&&... arguments) {
  using wrapped = std::decay_t<Function>;
  using called = unwrapped_t<wrapped>;
  static_cast<void>(sizeof(task_result_t<wrapped, Arguments...>));
  if constexpr (std::is_pointer_v<std::remove_cvref_t<Function>> ||
                std::is_member_pointer_v<std::remove_cvref_t<Function>>)
    if (!function) throw_null_function();
  if constexpr (check_body<wrapped, Arguments...>()) {
    using body =
        typed_body<wrapped,
                   stored_argument_t<called, std::decay_t<Arguments>, std::decay_t<Arguments>...>...>;
    return body_ptr::adopt(new body(std::forward<Function>(function), std::forward<Arguments>(arguments)...));
  } else {
    return nullptr;
  }
}

} // namespace weft::detail
