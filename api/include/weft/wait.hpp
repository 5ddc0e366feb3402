#pragma once

#include <weft/detail/arguments.hpp>
#include <weft/detail/client_core.hpp>
#include <weft/future.hpp>
#include <weft/time.hpp>

#include <array>
#include <cstddef>
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

/// Waits until all futures are done, or the first, or the first that failed; says which are. Does not throw
/// what a task failed with. Throws timeout_error; std::invalid_argument when waiting for the first of none.
template <detail::range_of_futures Futures>
wait_result<detail::element_t<Futures>> wait(const Futures& futures, wait_options options = {}) {
  const auto done = detail::wait_for_futures(detail::handles_of(futures), options.until,
                                             detail::deadline_after(options.timeout));
  wait_result<detail::element_t<Futures>> result;
  std::size_t number = 0;
  for (const auto& future : futures)
    (done[number++] ? result.done : result.not_done).push_back(future);
  return result;
}

template <class T>
requires(!detail::range_of_futures<T> && !std::is_base_of_v<any_future, T>) void wait(const T&,
                                                                                      wait_options = {}) {
  constexpr bool has_futures = detail::range_of_futures<T>; // asked in the assertion, it would be explained
  static_assert(has_futures, "weft: wait takes futures, or a range of futures");
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

} // namespace weft
