#pragma once

#include <weft/detail/arguments.hpp>
#include <weft/detail/client_core.hpp>
#include <weft/future.hpp>
#include <weft/time.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <vector>

namespace weft {

/// What `wait` waits for: all, first or first_exception.
using wait_until = detail::wait_until;

struct wait_options {
  wait_until until = wait_until::all;
  nanoseconds timeout = nanoseconds::max();
};

template <class Future>
struct wait_result {
  std::vector<Future> done;
  std::vector<Future> not_done;
};

namespace detail {
/// Whether `wait` has a meaning for such arguments: futures, options and futures, two or three futures and
/// options, or a range and options.
template <class... Arguments>
inline constexpr bool can_be_waited_for = (is_future<Arguments> && ...);
template <class... Arguments>
inline constexpr bool can_be_waited_for<wait_options, Arguments...> = (is_future<Arguments> && ...);
template <class A, class B>
inline constexpr bool can_be_waited_for<future<A>, future<B>, wait_options> = true;
template <class A, class B, class C>
inline constexpr bool can_be_waited_for<future<A>, future<B>, future<C>, wait_options> = true;
template <class Futures>
requires(range_of_futures<Futures>) inline constexpr bool can_be_waited_for<Futures> = true;
template <class Futures>
requires(range_of_futures<Futures>) inline constexpr bool can_be_waited_for<Futures, wait_options> = true;

template <class... Arguments>
refused refuse_wait() {
  constexpr bool has_futures = can_be_waited_for<Arguments...>; // asked below, it would be explained
  static_assert(
      has_futures,
      "weft: wait takes futures (of more than three, options come first), or a range of futures and options: "
      "wait(futures, {.timeout = 5s}); one future also has wait_for(5s)");
  return {};
}
} // namespace detail

/// Waits until all futures are done, or the first, or the first that failed; says which are. Does not throw
/// what a task failed with. Throws timeout_error; std::invalid_argument when waiting for the first of none.
template <detail::range_of_futures Futures>
wait_result<detail::element_t<Futures>> wait(const Futures& futures, wait_options options = {}) {
  const auto& all = detail::kept(futures);
  const auto done = detail::wait_for_futures(detail::handles_of(all), options.until,
                                             detail::deadline_after(options.timeout));
  wait_result<detail::element_t<Futures>> result;
  std::size_t number = 0;
  for (const auto& future : all)
    (done[number++] ? result.done : result.not_done).push_back(future);
  return result;
}

/// The same for a list in braces.
template <class T>
wait_result<future<T>> wait(std::initializer_list<future<T>> futures, wait_options options = {}) {
  return wait<std::initializer_list<future<T>>>(futures, options);
}
template <class AnyFuture = any_future> // a template, so that only who calls it pays for it
wait_result<AnyFuture> wait(std::initializer_list<std::type_identity_t<AnyFuture>> futures,
                            wait_options options = {}) {
  return wait<std::initializer_list<AnyFuture>>(futures, options);
}

/// The same for futures of different types; says for each whether it is done.
template <class... Ts>
std::array<bool, sizeof...(Ts)> wait(wait_options options, const future<Ts>&... futures) {
  const std::array<const detail::future_handle*, sizeof...(Ts)> handles{&futures.handle()...};
  const auto done = detail::wait_for_futures(handles, options.until, detail::deadline_after(options.timeout));
  std::array<bool, sizeof...(Ts)> result{};
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = done[i];
  return result;
}

template <class... Ts>
std::array<bool, sizeof...(Ts)> wait(const future<Ts>&... futures) {
  return wait(wait_options{}, futures...);
}

/// The same with the options last, as after a range. Of more futures than three they come first.
template <class A, class B>
std::array<bool, 2> wait(const future<A>& a, const future<B>& b, wait_options options) {
  return wait(options, a, b);
}
template <class A, class B, class C>
std::array<bool, 3> wait(const future<A>& a, const future<B>& b, const future<C>& c, wait_options options) {
  return wait(options, a, b, c);
}

/// What is none of these is refused.
template <class... Others>
requires(!detail::can_be_waited_for<std::remove_cvref_t<Others>...>) detail::refused wait(Others&&...) {
  return detail::refuse_wait<std::remove_cvref_t<Others>...>();
}
template <class T>
requires(!detail::range_of_futures<T> && !std::is_same_v<T, wait_options>) detail::refused
    wait(const T&, const wait_options&) {
  return detail::refuse_wait<T, wait_options>();
}

} // namespace weft
