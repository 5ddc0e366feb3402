#pragma once

#include <weft/detail/arguments.hpp>
#include <weft/export.hpp>

#include <initializer_list>
#include <string>
#include <vector>

namespace weft {

struct progress_options {
  /// Stands before the bar.
  std::string title = {};
  /// The file descriptor to write to; standard error.
  int descriptor = 2;
};

namespace detail {
WEFT_API void show_progress(const std::vector<const future_handle*>& futures,
                            const progress_options& options);

template <class Given>
void refuse_progress() {
  constexpr bool has_futures = !std::is_same_v<Given, Given>;
  static_assert(has_futures, "weft: progress takes a range of futures, and options: progress({f, g}, {.title "
                             "= \"squares\"})");
}
} // namespace detail

/// Waits until all futures are done and shows how far they are: a bar with count, rate and time left in a
/// terminal, elsewhere a line now and then. Does not throw what a task failed with: it counts failures.
template <detail::range_of_futures Futures>
void progress(const Futures& futures, const progress_options& options = {}) {
  const auto& all = detail::kept(futures);
  detail::show_progress(detail::handles_of(all), options);
}

template <class T>
void progress(std::initializer_list<future<T>> futures, const progress_options& options = {}) {
  progress<std::initializer_list<future<T>>>(futures, options);
}
template <class AnyFuture = any_future> // a template, so that only who calls it pays for it
void progress(std::initializer_list<std::type_identity_t<AnyFuture>> futures,
              const progress_options& options = {}) {
  progress<std::initializer_list<AnyFuture>>(futures, options);
}

template <class T>
requires(!detail::range_of_futures<T>) void progress(const T&, const progress_options& = {}) {
  constexpr bool has_futures = detail::range_of_futures<T>; // asked in the assertion, it would be explained
  static_assert(has_futures, "weft: progress takes a range of futures");
}

/// What else is wrong: several futures that are no range, something else than options, nothing.
template <class Nothing = void>
void progress() {
  detail::refuse_progress<Nothing>();
}
template <class First, class Second, class... Others>
requires(sizeof...(Others) != 0 ||
         !std::is_convertible_v<Second, progress_options>) void progress(const First&, const Second&,
                                                                         const Others&...) {
  detail::refuse_progress<First>();
}
template <class AnyFuture = any_future, class Second>
requires(!std::is_convertible_v<Second, progress_options>) void progress(
    std::initializer_list<std::type_identity_t<AnyFuture>>, const Second&) {
  detail::refuse_progress<AnyFuture>();
}

} // namespace weft
