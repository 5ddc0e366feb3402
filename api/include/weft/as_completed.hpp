#pragma once

#include <weft/detail/arguments.hpp>
#include <weft/detail/completion_stream.hpp>
#include <weft/future.hpp>
#include <weft/time.hpp>

#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

struct as_completed_options {
  /// A future comes out only when its result is here too: result() does not wait.
  bool with_results = false;
  /// For all together: what has not completed by then makes `next` throw timeout_error.
  nanoseconds timeout = nanoseconds::max();
};

/// Futures in the order in which they complete, failed and cancelled ones too:
///
///     for (const auto& future : weft::as_completed(futures)) use(future.result());
///
/// More may be added while it runs, and after it ran empty. A handle added twice comes out twice. All futures
/// belong to one client. It keeps no handle to a future that has come out: `for (auto future : …)
/// use(future.take())` moves each result out if nobody else has one (the container that it was made from
/// does). Thread-safe, but for the iterators and moving; one that was moved from can be assigned to, and all
/// else throws std::logic_error.
template <class T>
class as_completed {
  static_assert(!std::is_same_v<T, detail::no_future>,
                "weft: as_completed takes a range of futures, and options");
  static_assert(
      !std::is_same_v<T, detail::unsaid>,
      "weft: as_completed takes a range of futures; one that begins with none says what the results are: "
      "weft::as_completed<int>");
  static_assert(!std::is_same_v<T, detail::untyped_future>,
                "weft: as_completed takes futures of one type, and an any_future does not say which: give it "
                "future<T>s, or use weft::wait with .until = weft::wait_until::first");

 public:
  using value_type = future<T>;

  explicit as_completed(as_completed_options options = {})
      : stream_(options.with_results), deadline_(detail::deadline_after(options.timeout)) {}
  template <detail::range_of_futures Futures>
  requires(!detail::is_no_future<T>) explicit as_completed(const Futures& futures,
                                                           as_completed_options options = {})
      : as_completed(options) {
    update(futures);
  }
  explicit as_completed(std::initializer_list<future<T>> futures, as_completed_options options = {})
      : as_completed(options) {
    update(futures);
  }
  /// What is refused above.
  template <class... Others>
  requires(detail::is_no_future<T>) explicit as_completed(const Others&...) : as_completed() {}
  explicit as_completed(std::initializer_list<any_future>,
                        as_completed_options = {}) requires(detail::is_no_future<T>)
      : as_completed() {}

  /// Throws std::invalid_argument for a future of another client, or of no task.
  void add(future<T> future) { stream_.add(future.handle()); }
  template <class Futures>
  void update(const Futures& futures) {
    constexpr bool has_futures = detail::range_of_futures<Futures>; // asked below, it would be explained
    static_assert(has_futures, "weft: update takes a range of futures; add(future) adds one");
    if constexpr (has_futures) {
      constexpr bool same_type = std::is_same_v<detail::element_t<Futures>, future<T>>;
      static_assert(same_type, "weft: update takes futures of the type that as_completed is of");
      if constexpr (same_type)
        for (const auto& future : detail::kept(futures))
          add(future);
    }
  }
  void update(std::initializer_list<future<T>> futures) { update<std::initializer_list<future<T>>>(futures); }

  /// Waits for the next to complete. Throws std::out_of_range if nothing is left, timeout_error.
  future<T> next() { return future<T>{stream_.next(deadline_)}; }
  future<T> next(nanoseconds limit) { return future<T>{stream_.next(detail::deadline_after(limit))}; }
  /// All that have completed; waits for one if none has. Empty if nothing is left.
  std::vector<future<T>> next_batch() {
    std::vector<future<T>> result;
    for (auto& handle : stream_.next_batch(deadline_))
      result.emplace_back(std::move(handle));
    return result;
  }

  /// How many will still come out.
  std::size_t count() const { return stream_.count(); }
  /// Whether `next` would return at once.
  bool has_ready() const { return stream_.has_ready(); }
  /// Forgets all that have not come out.
  void clear() { stream_.clear(); }

  struct end_of_futures {};

  /// Takes the futures out as it goes, and hands each over: `auto future = *at` leaves none behind.
  class iterator {
   public:
    using value_type = future<T>;
    using difference_type = std::ptrdiff_t;

    explicit iterator(as_completed& from) : from_(&from) { advance(); }
    future<T>&& operator*() const { return std::move(current_); }
    const future<T>* operator->() const { return &current_; }
    iterator& operator++() {
      advance();
      return *this;
    }
    void operator++(int) { advance(); }
    friend bool operator==(const iterator& at, end_of_futures) { return at.over_; }

   private:
    void advance() {
      over_ = from_->count() == 0;
      current_ = over_ ? future<T>{} : from_->next();
    }

    as_completed* from_;
    mutable future<T> current_; // an iterator that is const is read as any other
    bool over_ = false;
  };

  iterator begin() { return iterator{*this}; }
  end_of_futures end() { return {}; }

 private:
  detail::completion_stream stream_;
  detail::instant deadline_;
};

template <detail::range_of_typed_futures Futures>
as_completed(const Futures&) -> as_completed<typename detail::element_t<Futures>::value_type>;
template <detail::range_of_typed_futures Futures>
as_completed(const Futures&, as_completed_options)
    -> as_completed<typename detail::element_t<Futures>::value_type>;

template <detail::range_of_untyped_futures Futures>
as_completed(const Futures&, as_completed_options = {}) -> as_completed<detail::untyped_future>;
as_completed(std::initializer_list<any_future>, as_completed_options = {})
    ->as_completed<detail::untyped_future>;
as_completed(as_completed_options = {})->as_completed<detail::unsaid>;
template <class T>
requires(!detail::range_of_futures<T>) as_completed(const T&, as_completed_options = {})
->as_completed<detail::no_future>;
template <class First, class Second, class... Others>
requires(!std::is_convertible_v<Second, as_completed_options>)
    as_completed(const First&, const Second&, const Others&...)
->as_completed<detail::no_future>;

} // namespace weft
