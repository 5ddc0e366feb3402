#pragma once

#include <weft/detail/arguments.hpp>
#include <weft/detail/client_core.hpp>
#include <weft/detail/copyable.hpp>
#include <weft/detail/map_reduce.hpp>
#include <weft/detail/refusals.hpp>
#include <weft/detail/typed_body.hpp>
#include <weft/export.hpp>
#include <weft/future.hpp>
#include <weft/map_reduce.hpp>
#include <weft/task_options.hpp>
#include <weft/time.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

class local_cluster;

/// How a client behaves; give only what you need.
struct client_options {
  /// What the scheduler calls it; empty: made up.
  std::string name = {};
  /// The file with the cluster's key. Empty: WEFT_KEY_FILE, else weft/cluster.key in the configuration
  /// folder.
  std::string key_file = {};
  /// For connecting to a scheduler elsewhere: 5 s.
  nanoseconds timeout{5'000'000'000};
  /// `submit` blocks while so many tasks are not done (and says so on stderr after 3 s),
  std::uint64_t max_pending = 10'000'000;
  /// or while their arguments take so many bytes. Either is at least 1, else std::invalid_argument.
  std::uint64_t max_pending_bytes = std::uint64_t{1} << 30;
  /// Allows a scheduler's address that is not on this machine's loopback: what goes over the network is not
  /// encrypted, only who connects is known.
  bool insecure = false;
};

struct scatter_options {
  /// Names of the workers one of which shall have it; empty: any, in turn.
  std::vector<std::string> workers = {};
};

/// A worker as a client sees it.
struct worker_info {
  std::string name;
  std::string address; ///< where others fetch results from it; empty: it lives in the scheduler's process
  std::uint32_t threads = 0;
  std::uint64_t memory_limit = 0; ///< bytes; 0: not known
  std::uint32_t pid = 0;
};

/// Where tasks are submitted. All members may be called from any thread. A client that goes releases its
/// futures and wakes whoever waits for one with cancelled_error ("client closed"); futures that outlive it
/// can still be copied, printed and dropped, and results that are here looked at. One whose scheduler is lost
/// stays so: what was pending is cancelled ("the scheduler is gone: …"), new tasks throw connection_error.
/// One that was moved from can be printed, closed and assigned to; all else throws std::logic_error.
class WEFT_API client {
 public:
  /// With a local cluster of its own: one worker with as many threads as the machine has cores.
  client();
  explicit client(client_options options);
  /// Of a cluster of this program, which must outlive it. Throws std::logic_error for one that is closed.
  explicit client(local_cluster& cluster, client_options options = {});
  /// Of the scheduler at "host:port". Throws connection_error (nobody there, wrong key, another protocol) and
  /// timeout_error, naming the address; std::invalid_argument where it is not an address, and for one that is
  /// not loopback (127.0.0.0/8, ::1, names of those) though not `insecure`.
  explicit client(const std::string& address, client_options options = {});
  explicit client(const char* address, client_options options = {});
  /// A port alone, or beside an address, is refused.
  template <class... Given>
  requires((std::is_arithmetic_v<Given> || ...)) explicit client(const Given&...)
      : implementation_(nullptr), core_(nullptr) {
    detail::refuse_number<Given...>();
  }
  client(client&& other) noexcept;
  client& operator=(client&& other) noexcept;
  /// Closes.
  ~client();

  // -- tasks
  // ----------------------------------------------------------------------------------------------------

  /// Returns at once with the future of `function(arguments…)`, which a worker will call. A future among the
  /// arguments, or within a container among them, stands for its result and makes this task wait for that
  /// one. Arguments are kept as copies (or moved in) and passed as const: a parameter is `const T&` or `T`.
  /// A string literal is kept as a std::string, a function as a pointer to it, which travels. Other pointers
  /// and views (string_view, span, std::ref) are refused at compile time, as arguments and as results, and so
  /// is a future as a result, and an argument that holds one of unknown type (any_future) or within a struct;
  /// of a function in weft::in_process they are not. Over processes the arguments of one task may take 16 MB
  /// (16,500,000 bytes) together; with more its future fails with cannot_travel: scatter what is larger and
  /// pass the future. Throws std::invalid_argument for another client's future, key_conflict, cancelled_error
  /// after close, connection_error if the scheduler is gone; blocks while too much is pending.
  template <class Function, class... Arguments>
  requires(!std::is_same_v<std::decay_t<Function>, task_options>) WEFT_KEEP_FUTURES
      auto submit(Function&& function, Arguments&&... arguments) {
    return submit(task_options{}, static_cast<Function&&>(function), static_cast<Arguments&&>(arguments)...);
  }

  template <class Function, class... Arguments>
  WEFT_KEEP_FUTURES auto submit(const task_options& options, Function&& function, Arguments&&... arguments) {
    // Not said as the type of the result: what is refused there would be so while overloads are still
    // weighed.
    using result = detail::submitted_t<Function, Arguments...>;
    detail::client_core& core = own_core();
    detail::input_list inputs{core};
    auto body = detail::make_body(static_cast<Function&&>(function),
                                  detail::substitute(inputs, static_cast<Arguments&&>(arguments))...);
    return result{detail::submit_body(core, std::move(body), inputs, options)};
  }

  // Refused: a call without a function, and options in braces that come last.
  template <class Nothing = void>
  future<detail::refused> submit(const task_options& = {}) {
    static_assert(!std::is_void_v<Nothing>,
                  "weft: submit takes a function, after options and before arguments");
    return {};
  }
  template <class Function>
  requires(!std::is_same_v<std::decay_t<Function>, task_options>) future<detail::refused> submit(
      Function&&, const task_options&&) {
    return detail::refuse_options_last<Function>();
  }
  template <class Function, class Argument>
  requires(!std::is_same_v<std::decay_t<Function>, task_options>) future<detail::refused> submit(
      Function&&, Argument&&, const task_options&&) {
    return detail::refuse_options_last<Function>();
  }
  template <class Function, class First, class Second>
  requires(!std::is_same_v<std::decay_t<Function>, task_options>) future<detail::refused> submit(
      Function&&, First&&, Second&&, const task_options&&) {
    return detail::refuse_options_last<Function>();
  }

  /// Submits `function(x)` for each x of a range, or `function(x, y, …)` for several ranges side by side, as
  /// far as the shortest goes. The futures come in the order of the elements. A key in the options gets "-0",
  /// "-1" and so on.
  template <class Function, class Range, class... Ranges>
  requires(!std::is_same_v<std::decay_t<Function>, task_options>) WEFT_KEEP_FUTURES
      auto map(Function&& function, Range&& range, Ranges&&... ranges) {
    return map_ranges(task_options{}, function, range, ranges...);
  }

  template <class Function, class Range, class... Ranges>
  WEFT_KEEP_FUTURES auto map(task_options options, Function&& function, Range&& range, Ranges&&... ranges) {
    return map_ranges(std::move(options), function, range, ranges...);
  }

  /// The same for lists in braces.
  template <class Function, class T, class... Ts>
  WEFT_KEEP_FUTURES auto map(Function&& function, std::initializer_list<T> list,
                             std::initializer_list<Ts>... lists) {
    return map_ranges(task_options{}, function, list, lists...);
  }
  template <class Function, class T, class... Ts>
  WEFT_KEEP_FUTURES auto map(const task_options& options, Function&& function, std::initializer_list<T> list,
                             std::initializer_list<Ts>... lists) {
    return map_ranges(options, function, list, lists...);
  }

  template <class Function = detail::refused>
  requires(!std::is_same_v<Function, task_options>) std::vector<future<detail::refused>> map(
      const Function& = {}) {
    return detail::refuse_map<Function>();
  }
  template <class Function = detail::refused>
  std::vector<future<detail::refused>> map(const task_options&, const Function& = {}) {
    return detail::refuse_map<Function>();
  }

  /// Waits for all results and returns copies of them, in order. Throws the first failure. What is elsewhere
  /// is fetched all at once. Futures of void: only waits. Throws std::invalid_argument for another client's.
  template <detail::range_of_typed_futures Futures>
  auto gather(const Futures& futures) {
    return gather_range(detail::kept(futures));
  }
  /// The same for a list in braces.
  template <class T>
  auto gather(std::initializer_list<future<T>> futures) {
    return gather_range(futures);
  }

  template <class... Others>
  requires(!detail::can_be_gathered<Others...>) detail::refused gather(const Others&...) {
    return detail::refuse_gather<Others...>();
  }
  template <class Nothing = void>
  detail::refused gather(std::initializer_list<any_future>) {
    return detail::refuse_gather<
        std::conditional_t<std::is_void_v<Nothing>, std::initializer_list<any_future>, Nothing>>();
  }

  /// The future of reduce(… reduce(reduce(map(x0), map(x1)), map(x2)) …) over a range, in a few tasks however
  /// long it is: each maps a piece of the range and folds it from left to right, further tasks combine
  /// neighbours. So `reduce` must be associative; it need not be commutative. What it returns is the result's
  /// type. Functions as for `submit`; elements are kept as copies, and seen as const T&. Of whole numbers
  /// that follow each other (std::views::iota, weft::index_range) only the bounds travel.
  /// Throws std::invalid_argument for an empty range, besides what `submit` throws.
  template <class Range, class Map, class Reduce>
  requires(!std::is_same_v<std::decay_t<Range>, map_reduce_options>) WEFT_KEEP_FUTURES
      auto map_reduce(Range&& range, const Map& map, const Reduce& reduce) {
    return map_reduce(map_reduce_options{}, range, map, reduce);
  }

  template <class Range, class Map, class Reduce>
  WEFT_KEEP_FUTURES auto map_reduce(const map_reduce_options& options, Range&& range, const Map& map,
                                    const Reduce& reduce) {
    using result = detail::reduction_t<Range, Map, Reduce>;
    if constexpr (std::is_void_v<result>)
      return future<detail::refused>{};
    else
      return future<result>{detail::reduction<result, std::decay_t<const Map>, std::decay_t<const Reduce>>{
          own_core(), options, map, reduce}
                                .of(range)};
  }

  /// The same for a list in braces.
  template <class T, class Map, class Reduce, class... Initial>
  WEFT_KEEP_FUTURES auto map_reduce(std::initializer_list<T> list, const Map& map, const Reduce& reduce,
                                    const Initial&... initial) {
    return map_reduce(map_reduce_options{}, std::vector<T>(list), map, reduce, initial...);
  }
  template <class T, class Map, class Reduce, class... Initial>
  WEFT_KEEP_FUTURES auto map_reduce(const map_reduce_options& options, std::initializer_list<T> list,
                                    const Map& map, const Reduce& reduce, const Initial&... initial) {
    return map_reduce(options, std::vector<T>(list), map, reduce, initial...);
  }

  template <class... Given>
  requires(sizeof...(Given) < 3) future<detail::refused> map_reduce(const Given&...) {
    return detail::refuse_reduction<Given...>();
  }
  template <class Range, class Map>
  future<detail::refused> map_reduce(const map_reduce_options&&, const Range&, const Map&) {
    return detail::refuse_reduction<Range, Map>();
  }

  /// The same with an initial value on the left, which is the result for an empty range.
  template <class Range, class Map, class Reduce, class Initial>
  requires(!std::is_same_v<std::decay_t<Range>, map_reduce_options>) WEFT_KEEP_FUTURES
      auto map_reduce(Range&& range, const Map& map, const Reduce& reduce, const Initial& initial) {
    return map_reduce(map_reduce_options{}, range, map, reduce, initial);
  }

  template <class Range, class Map, class Reduce, class Initial>
  WEFT_KEEP_FUTURES auto map_reduce(const map_reduce_options& options, Range&& range, const Map& map,
                                    const Reduce& reduce, const Initial& initial) {
    using result = detail::reduction_t<Range, Map, Reduce>;
    if constexpr (!detail::check_initial<result, Initial>())
      return future<detail::refused>{};
    else
      return future<result>{detail::reduction<result, std::decay_t<const Map>, std::decay_t<const Reduce>>{
          own_core(), options, map, reduce}
                                .of(range, static_cast<result>(initial))};
  }

  /// Sends a datum to a worker and returns its future, to be an argument of several tasks. There is nothing
  /// to compute it from again: if its worker is lost, result() throws lost_data_error. Returns before the
  /// datum is there; the future's `wait()` waits for that. Throws as submit does.
  template <class T>
  WEFT_KEEP_FUTURES future<std::decay_t<T>> scatter(T&& datum, scatter_options options = {}) {
    using value = std::decay_t<T>;
    if constexpr (detail::check_datum<T>())
      return future<value>{detail::scatter_value(
          own_core(), detail::make_value<value>(static_cast<T&&>(datum)), std::move(options.workers))};
    else
      return {};
  }

  /// Cancels each; see any_future::cancel. Throws std::invalid_argument for another client's; what came
  /// before it is cancelled then.
  template <class T>
  void cancel(const T& futures) {
    if constexpr (std::is_base_of_v<any_future, T>) {
      cancel_own(futures);
    } else {
      constexpr bool has_futures = detail::range_of_futures<T>;
      static_assert(has_futures, "weft: cancel takes a future or a range of futures");
      if constexpr (has_futures)
        for (const auto& future : detail::kept(futures))
          cancel_own(future);
    }
  }
  /// The same for a list in braces, also of different types.
  void cancel(std::initializer_list<any_future> futures) {
    for (const auto& future : futures)
      cancel_own(future);
  }
  template <class... Others>
  requires(sizeof...(Others) != 1) void cancel(const Others&...) {
    constexpr bool one_argument = sizeof...(Others) == 1;
    static_assert(one_argument, "weft: cancel takes a future or a range of futures: cancel({f, g})");
  }

  // -- the cluster
  // ----------------------------------------------------------------------------------------------

  /// Waits until the cluster has at least so many workers. Throws timeout_error saying how many there are,
  /// cancelled_error after close, connection_error if the scheduler is gone.
  void wait_for_workers(std::size_t count);
  void wait_for_workers(std::size_t count, nanoseconds limit);

  /// The cluster's workers: those that had joined when the scheduler was asked, or as far as this client has
  /// heard if it does not answer within a second. Throws as `wait_for_workers` does.
  std::vector<worker_info> workers() const;

  /// "inproc", "127.0.0.1:8786".
  std::string scheduler_address() const;

  /// Releases all futures, wakes all waiters. Idempotent; the destructor calls it. A second call, also from
  /// another thread, returns when the first has ended: who is woken may destroy the client.
  void close();

  /// "<Client: 127.0.0.1:8786, workers: 2, threads: 8, memory: 16.0 GB>", or that it is closed.
  friend WEFT_API std::ostream& operator<<(std::ostream& to, const client& client);

 private:
  struct implementation;
  explicit client(implementation* own);

  detail::client_core& own_core() const {
    if (!core_) refuse_moved_from();
    return *core_;
  }
  [[noreturn]] static void refuse_moved_from();
  void cancel_own(const any_future& future) const;

  template <class Function, class Range, class... Ranges>
  auto map_ranges(task_options options, Function& function, Range& range, Ranges&... ranges) {
    constexpr bool iterates = detail::iterable<Range> && (detail::iterable<Ranges> && ...);
    static_assert(iterates,
                  "weft: map takes ranges (anything with begin and end) after the function; for one call "
                  "use submit");
    constexpr bool is_literal =
        (detail::is_character_array<Range> || ... || detail::is_character_array<Ranges>);
    static_assert(!is_literal,
                  "weft: map would also take the '\\0' at the end of a string literal: give it a "
                  "std::string or a std::string_view");
    constexpr bool can_be_copied = [] {
      if constexpr (iterates && !is_literal)
        return detail::check_elements<Range, Ranges...>();
      else
        return false;
    }();
    if constexpr (can_be_copied) {
      using result = detail::submitted_t<Function&, detail::element_t<Range>, detail::element_t<Ranges>...>;
      std::vector<result> futures;
      if constexpr (requires { range.size(); }) futures.reserve(static_cast<std::size_t>(range.size()));
      const std::string key = options.key;
      const auto end = std::end(range);
      [&](auto at, auto... others) {
        for (; at != end && (!others.over() && ...); ++at, (others.advance(), ...)) {
          if (!key.empty()) options.key = key + '-' + std::to_string(futures.size());
          futures.push_back(submit(options, function, static_cast<const detail::element_t<Range>&>(*at),
                                   static_cast<const detail::element_t<Ranges>&>(others.element())...));
        }
      }(std::begin(range), detail::range_cursor(ranges)...);
      return futures;
    } else {
      return std::vector<future<detail::refused>>{};
    }
  }

  template <class Futures>
  auto gather_range(const Futures& futures) {
    using value = typename detail::element_t<Futures>::value_type;
    detail::prefetch(own_core(), detail::handles_of(futures));
    if constexpr (std::is_void_v<value>) {
      for (const auto& future : futures)
        future.result();
    } else {
      constexpr bool can_be_copied = detail::is_copyable<value>;
      static_assert(
          can_be_copied,
          "weft: gather copies the results, and this type cannot be copied: call take() on each future, "
          "which moves its result out");
      std::vector<value> results;
      if constexpr (can_be_copied) {
        if constexpr (requires { futures.size(); }) results.reserve(static_cast<std::size_t>(futures.size()));
        for (const auto& future : futures)
          results.push_back(future.result());
      }
      return results;
    }
  }

  implementation* implementation_;
  detail::client_core* core_; // the implementation's
};

} // namespace weft
