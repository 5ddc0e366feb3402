#pragma once

#include <weft/detail/arguments.hpp>
#include <weft/detail/captures.hpp>
#include <weft/detail/client_core.hpp>
#include <weft/detail/copyable.hpp>
#include <weft/detail/typed_body.hpp>
#include <weft/export.hpp>
#include <weft/map_reduce.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The tasks of client::map_reduce, and how a range is cut for them.
namespace weft::detail {

// -- the tasks
// ----------------------------------------------------------------------------------------------------

/// What of a callable one run calls: itself, or a copy where calling changes it.
template <class... Arguments, class Function>
decltype(auto) callable_of_a_run(const Function& function) {
  if constexpr (std::is_invocable_v<const Function&, Arguments...>)
    return static_cast<const Function&>(function);
  else
    return Function(function);
}

/// The sum so far, moved into the function: one that takes it by value (and appends to it, say) copies
/// nothing.
template <class Result, class Reduce>
void reduce_into(Result& total, Reduce& reduce, const Result& next) {
  // Not assigned at once: a function may return a reference to what it was given.
  Result sum = [&]() -> decltype(auto) {
    if constexpr (std::is_member_pointer_v<std::remove_const_t<Reduce>>)
      return detail::invoke_callable(reduce, total, next);
    else
      return reduce(static_cast<Result&&>(total), next);
  }();
  total = static_cast<Result&&>(sum);
}

/// Maps the elements of one piece and folds them from left to right.
template <class Map, class Reduce, class Result>
struct map_reduce_piece {
  Map map;
  Reduce reduce;

  template <class Piece>
  Result operator()(const Piece& piece) const {
    auto at = piece.begin();
    auto&& its_map = callable_of_a_run<const element_t<Piece>&>(detail::unwrap(map));
    Result total = static_cast<Result>(detail::invoke_callable(its_map, *at));
    fold(total, its_map, ++at, piece.end());
    return total;
  }

  template <class Piece>
  Result operator()(const Piece& piece, const Result& initial) const {
    auto&& its_map = callable_of_a_run<const element_t<Piece>&>(detail::unwrap(map));
    Result total = initial;
    fold(total, its_map, piece.begin(), piece.end());
    return total;
  }

 private:
  template <class ItsMap, class Iterator>
  void fold(Result& total, ItsMap& its_map, Iterator at, Iterator end) const {
    auto&& its_reduce = callable_of_a_run<Result, const Result&>(detail::unwrap(reduce));
    for (; at != end; ++at)
      reduce_into<Result>(total, its_reduce, static_cast<Result>(detail::invoke_callable(its_map, *at)));
  }
};

/// Results of other tasks, looked at where they are: a container of futures would be one of copies.
template <class Result>
struct partial_results {
  std::vector<input<Result>> inputs;
};

template <class Result>
struct resolution<partial_results<Result>> {
  static constexpr bool with_inputs = true;
  using type = std::vector<const Result*>;
  static type resolve(const partial_results<Result>& argument, array_view<const value_ptr> inputs) {
    type results;
    results.reserve(argument.inputs.size());
    for (const auto& which : argument.inputs)
      results.push_back(&detail::input_as(which, inputs));
    return results;
  }
};

/// Combines the results of neighbouring pieces.
template <class Reduce, class Result>
struct map_reduce_join {
  Reduce reduce;

  Result operator()(const std::vector<const Result*>& parts) const {
    auto&& its_reduce = callable_of_a_run<Result, const Result&>(detail::unwrap(reduce));
    Result total = *parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i)
      reduce_into(total, its_reduce, *parts[i]);
    return total;
  }
};

template <class Wrapped>
inline constexpr bool carriable = sendable_callable<Wrapped> && !unwrapped<Wrapped>::in_process;

/// A task that calls functions of which one stays in this process stays here itself.
template <class... Wrapped, class Task>
auto in_process_like(Task&& task) {
  if constexpr ((unwrapped<Wrapped>::in_process || ...))
    return in_process(std::forward<Task>(task));
  else
    return std::forward<Task>(task);
}

template <class Function>
void require_function(const Function& function) {
  if constexpr (std::is_pointer_v<Function> || std::is_member_pointer_v<Function>)
    if (!function) throw_null_function();
}

} // namespace weft::detail

namespace weft {

template <class Map, class Reduce, class Result>
requires(detail::carriable<Map>&&
             detail::carriable<Reduce>) struct codec<detail::map_reduce_piece<Map, Reduce, Result>> {
  static void encode(encoder& to, const detail::map_reduce_piece<Map, Reduce, Result>& task) {
    detail::encode_carried(to, task.map);
    detail::encode_carried(to, task.reduce);
  }
  static detail::map_reduce_piece<Map, Reduce, Result> decode(decoder& from) {
    return {detail::decode_carried<Map>(from), detail::decode_carried<Reduce>(from)};
  }
};

template <class Reduce, class Result>
requires(detail::carriable<Reduce>) struct codec<detail::map_reduce_join<Reduce, Result>> {
  static void encode(encoder& to, const detail::map_reduce_join<Reduce, Result>& task) {
    detail::encode_carried(to, task.reduce);
  }
  static detail::map_reduce_join<Reduce, Result> decode(decoder& from) {
    return {detail::decode_carried<Reduce>(from)};
  }
};

} // namespace weft

namespace weft::detail {

// -- cutting a range
// -------------------------------------------------------------------------------------------------

template <class Range>
concept sized = requires(Range& range) {
  static_cast<std::uint64_t>(range.size());
};

/// Whether Range is std::ranges::iota_view, by its name: <ranges> costs more than all of Weft.
template <class Range>
constexpr bool is_iota_view() {
  return std::string_view(__PRETTY_FUNCTION__).find("Range = std::ranges::iota_view<") !=
         std::string_view::npos;
}

/// Whole numbers one after the other: of these, bounds are all that travels.
template <class Range>
inline constexpr bool counts = is_iota_view<Range>() && std::is_integral_v<element_t<Range>>;
template <class T>
inline constexpr bool counts<index_range<T>> = true;

/// Elements that travel with one piece take at most about so many bytes: far fewer than a message may have.
inline constexpr std::size_t piece_bytes_max = std::size_t{4} << 20;

/// How many pieces a range of so many elements is cut into. At least one.
WEFT_API std::size_t count_pieces(client_core& core, const map_reduce_options& options,
                                  std::uint64_t elements);

/// Calls use(piece) for each piece of `size` whole numbers from `first` on; for none at all, once.
template <class T, class Use>
void cut_numbers(T first, std::uint64_t size, std::size_t pieces, Use&& use) {
  for (; pieces > 0; --pieces) {
    const std::uint64_t its_size = size / pieces;
    const T last = static_cast<T>(static_cast<std::uint64_t>(first) + its_size);
    use(index_range<T>{first, last});
    first = last;
    size -= its_size;
  }
}

/// The next `size` elements, or fewer if these are large.
template <class Element, class Iterator>
std::vector<Element> take_elements(Iterator& at, std::size_t size) {
  std::vector<Element> piece;
  if constexpr (std::is_pointer_v<Iterator> && std::is_trivially_copyable_v<Element>) {
    piece.assign(at, at + size);
    at += size;
  } else {
    piece.reserve(size);
    for (std::uint64_t bytes = 0; piece.size() < size && bytes < piece_bytes_max; ++at) {
      piece.push_back(static_cast<const Element&>(*at));
      if constexpr (owns_heap<Element>) bytes += detail::heap_bytes(piece.back());
    }
  }
  return piece;
}

/// Calls use(piece) for each piece of a range of `size` elements; for none at all, once.
template <class Element, class Iterator, class Use>
void cut_elements(Iterator at, std::size_t size, std::size_t pieces, Use&& use) {
  constexpr std::size_t most = piece_bytes_max / sizeof(Element) > 0 ? piece_bytes_max / sizeof(Element) : 1;
  do {
    const std::size_t its_size = size / pieces;
    auto piece = take_elements<Element>(at, its_size < most ? its_size : most);
    size -= piece.size();
    if (pieces > 1) --pieces;
    use(std::move(piece));
  } while (size > 0);
}

// -- what may be called
// -------------------------------------------------------------------------------------------

template <class Function>
constexpr bool check_carried() {
  static_assert(sendable_callable<Function>,
                "weft: a function of map_reduce has a capture that cannot be sent to another process (it is "
                "not trivially copyable, or not a functor with a codec): make it part of the elements "
                "instead, or wrap the function in weft::in_process if it only ever runs in this process");
  static_assert(is_copyable<Function>,
                "weft: a function of map_reduce cannot be copied; each piece of the range has a copy");
  return sendable_callable<Function> && is_copyable<Function>;
}

template <class Range>
constexpr bool check_range() {
  constexpr bool iterates = iterable<Range>; // asked in the assertion, it would be explained
  static_assert(iterates, "weft: map_reduce takes a range (anything with begin and end), the function "
                          "for each element, and the function that combines two results");
  if constexpr (iterates) {
    using element = element_t<Range>;
    constexpr bool of_futures = std::is_base_of_v<any_future, element>;
    static_assert(!of_futures, "weft: map_reduce takes no futures: map over them and submit what combines "
                               "the results, or let map_reduce call the function that made them");
    static_assert(is_copyable<element>,
                  "weft: map_reduce copies the elements, and this type cannot be copied");
    constexpr bool ends = !is_iota_view<std::remove_cv_t<Range>>() || sized<Range>;
    static_assert(ends, "weft: the range of map_reduce never ends");
    return !of_futures && is_copyable<element> && ends;
  } else {
    return false;
  }
}

/// What mapping and folding gives: the type that the reducing function gives for two mapped elements. void
/// if it cannot be, after a sentence that says why.
template <class Element, class Map, class Reduce>
constexpr auto find_reduction() {
  constexpr bool maps = std::is_invocable_v<Map&, const Element&>;
  static_assert(maps, "weft: the function of map_reduce that is for each element cannot be called with one; "
                      "it sees each as a const T&");
  if constexpr (maps) {
    using mapped = std::decay_t<std::invoke_result_t<Map&, const Element&>>;
    static_assert(!std::is_void_v<mapped>,
                  "weft: the function of map_reduce that is for each element returns nothing to combine");
    if constexpr (!std::is_void_v<mapped>) {
      constexpr bool reduces = std::is_invocable_v<Reduce&, mapped, const mapped&>;
      static_assert(reduces, "weft: the function of map_reduce that combines cannot be called with two "
                             "results of the other one; it sees them as an R (moved in) and a const R&");
      if constexpr (reduces) {
        using result = std::decay_t<std::invoke_result_t<Reduce&, mapped, const mapped&>>;
        constexpr bool closed = [] {
          if constexpr (std::is_convertible_v<mapped, result> &&
                        std::is_invocable_v<Reduce&, result, const result&>)
            return std::is_same_v<result, std::decay_t<std::invoke_result_t<Reduce&, result, const result&>>>;
          else
            return false;
        }();
        static_assert(closed, "weft: the function of map_reduce that combines must give what it takes: of "
                              "two results, a third of the same type");
        constexpr bool regular = is_copyable<result> && std::is_move_assignable_v<result>;
        static_assert(regular, "weft: the results that map_reduce combines must be copyable and assignable");
        return std::type_identity<std::conditional_t<closed && regular, result, void>>{};
      } else {
        return std::type_identity<void>{};
      }
    } else {
      return std::type_identity<void>{};
    }
  } else {
    return std::type_identity<void>{};
  }
}

template <class Range, class Map, class Reduce>
constexpr auto find_reduction_of() {
  if constexpr (check_range<std::remove_reference_t<Range>>() && check_carried<std::decay_t<Map>>() &&
                check_carried<std::decay_t<Reduce>>())
    return find_reduction<element_t<Range>, unwrapped_t<Map>, unwrapped_t<Reduce>>();
  else
    return std::type_identity<void>{};
}

/// The result of reducing what mapping the range gives; void after a sentence.
template <class Range, class Map, class Reduce>
using reduction_t = typename decltype(find_reduction_of<Range, Map, Reduce>())::type;

template <class Result, class Initial>
constexpr bool check_initial() {
  if constexpr (std::is_void_v<Result>) {
    return false;
  } else {
    constexpr bool fits = std::is_convertible_v<const Initial&, Result> &&
                          !(std::is_floating_point_v<Initial> && std::is_integral_v<Result>);
    static_assert(fits, "weft: the initial value of map_reduce is not of the type that the function that "
                        "combines gives, and cannot become one");
    return fits;
  }
}

// -- submitting
// -------------------------------------------------------------------------------------------------------

/// So many neighbours are combined by one task.
inline constexpr std::size_t joined_at_once = 8;

[[noreturn]] WEFT_API void throw_empty_reduction();

/// Submits the tasks of one map_reduce, each with the options of all and a key of its own.
template <class Result, class Map, class Reduce>
class reduction {
 public:
  reduction(client_core& core, const map_reduce_options& options, const Map& map, const Reduce& reduce)
      : core_(core), options_(options), task_(options.task), map_(map), reduce_(reduce) {
    require_function(map_);
    require_function(reduce_);
  }

  /// The first piece begins with the initial value, if there is one.
  template <class Range, class... Initial>
  future_handle of(Range& range, const Initial&... initial) {
    const auto submit_piece = [&](auto&& piece) {
      auto task = in_process_like<Map, Reduce>(map_reduce_piece<Map, Reduce, Result>{map_, reduce_});
      if (parts_.empty())
        submit(false, detail::make_body(std::move(task), std::move(piece), initial...), input_list{core_});
      else
        submit(false, detail::make_body(std::move(task), std::move(piece)), input_list{core_});
    };
    cut(range, sizeof...(Initial) > 0, submit_piece);
    while (parts_.size() > 1 || !total_named_)
      join_neighbours();
    return std::move(parts_.front());
  }

 private:
  template <class Range, class Use>
  void cut(Range& range, bool may_be_empty, Use&& use) {
    using element = element_t<Range>;
    const auto pieces = [&](std::uint64_t size) {
      if (size == 0 && !may_be_empty) throw_empty_reduction();
      return count_pieces(core_, options_, size);
    };
    if constexpr (counts<std::remove_cv_t<Range>>) {
      const auto size = static_cast<std::uint64_t>(range.size());
      cut_numbers(static_cast<element>(*range.begin()), size, pieces(size), use);
    } else if constexpr (sized<Range> || requires { std::end(range) - std::begin(range); }) {
      const auto size = [&] {
        if constexpr (sized<Range>)
          return static_cast<std::size_t>(range.size());
        else
          return static_cast<std::size_t>(std::end(range) - std::begin(range));
      }();
      cut_elements<element>(first_of(range), size, pieces(size), use);
    } else {
      std::vector<element> all;
      for (auto at = std::begin(range); at != std::end(range); ++at)
        all.push_back(static_cast<const element&>(*at));
      cut(all, may_be_empty, use);
    }
  }

  /// A pointer where the elements lie side by side.
  template <class Range>
  static auto first_of(Range& range) {
    if constexpr (requires { static_cast<const element_t<Range>*>(range.data()); })
      return static_cast<const element_t<Range>*>(range.data());
    else
      return std::begin(range);
  }

  void join_neighbours() {
    std::vector<future_handle> parts = std::exchange(parts_, {});
    const bool total = parts.size() <= joined_at_once;
    for (std::size_t i = 0; i < parts.size(); i += joined_at_once) {
      input_list inputs{core_};
      partial_results<Result> neighbours;
      for (std::size_t j = i; j < parts.size() && j < i + joined_at_once; ++j)
        neighbours.inputs.push_back({inputs.add(parts[j])});
      submit(total,
             detail::make_body(in_process_like<Reduce>(map_reduce_join<Reduce, Result>{reduce_}),
                               std::move(neighbours)),
             inputs);
    }
  }

  void submit(bool total, body_ptr body, const input_list& inputs) {
    const std::string& key = options_.task.key;
    if (!key.empty()) task_.key = total ? key : key + '-' + std::to_string(submitted_++);
    parts_.push_back(submit_body(core_, std::move(body), inputs, task_));
    total_named_ = total || key.empty();
  }

  client_core& core_;
  const map_reduce_options& options_;
  task_options task_;
  const Map map_;
  const Reduce reduce_;
  std::vector<future_handle> parts_; // in the order of the range
  std::size_t submitted_ = 0;
  bool total_named_ = false; // or needs no name
};

} // namespace weft::detail
