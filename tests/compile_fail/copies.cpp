// Calls that would copy containers of what cannot be copied. std::is_copy_constructible says of such a
// container that it can, so nobody else refuses them in words. As it is, this compiles.

#include <weft/weft.hpp>

#include <array>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stack>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

using pointer = std::unique_ptr<int>;
using pointers = std::vector<pointer>;
using named_pointers = std::map<int, pointer>;

/// Can be copied as it copies what its pointers point to.
class deep {
 public:
  deep() = default;
  deep(const deep& other) {
    for (const auto& part : other.parts_)
      parts_.push_back(std::make_unique<int>(*part));
  }
  deep& operator=(const deep& other) {
    auto copy = deep{other};
    parts_.swap(copy.parts_);
    return *this;
  }
  friend auto weft_fields(deep& self) { return std::tie(self.parts_); }

 private:
  pointers parts_;
};
struct tree {
  std::string name;
  std::vector<tree> children;
};
struct tree_of_pointers {
  pointer name;
  std::vector<tree_of_pointers> children;
};
struct named {
  std::string name;
  pointers parts;
};
struct amount {
  int number;
  operator pointers() const { return pointers(static_cast<std::size_t>(number)); }
};
struct rows {
  pointers parts[2];
};

using weft::detail::is_copyable;
static_assert(is_copyable<int> && is_copyable<std::string> && is_copyable<const std::vector<int>>);
static_assert(is_copyable<std::vector<std::shared_ptr<int>>> && is_copyable<std::vector<bool>>);
static_assert(is_copyable<std::map<std::string, std::set<int>>> && is_copyable<std::stack<int>>);
static_assert(is_copyable<deep> && is_copyable<std::vector<deep>>);
static_assert(is_copyable<tree> && is_copyable<std::optional<tree>>);
static_assert(is_copyable<std::tuple<int&, const std::string&>>);
static_assert(!is_copyable<pointer> && !is_copyable<pointers> && !is_copyable<std::list<pointers>>);
static_assert(!is_copyable<named_pointers> && !is_copyable<std::unordered_map<int, pointers>>);
static_assert(!is_copyable<std::set<pointer>> && !is_copyable<std::stack<pointer>>);
static_assert(!is_copyable<std::pair<int, pointers>> && !is_copyable<std::tuple<pointers>>);
static_assert(!is_copyable<std::optional<pointers>> && !is_copyable<std::variant<int, pointers>>);
static_assert(!is_copyable<std::array<pointers, 2>> && !is_copyable<named> && !is_copyable<rows>);
static_assert(!is_copyable<tree_of_pointers> && !is_copyable<std::vector<tree_of_pointers>>);

std::size_t count(const pointers& its) {
  return its.size();
}

void calls(weft::client& client) {
  auto made = client.submit([] { return pointers{}; });
  auto mapped = client.submit([] { return named_pointers{}; });
  const std::vector<weft::future<pointers>> all{made, made};
  pointers own;
  std::vector<pointers> ranges;
  (void)made.result().size();
  (void)client.submit(count, made);
  (void)client.submit(count, pointers{});
  (void)client.submit([](const auto& its) { return its.size(); }, made);
  (void)client.submit([](std::size_t x, const pointers& its) { return x + its.size(); }, 1, made);
  (void)client.submit([](pointers its) { return its.size(); }, amount{5}); // made of it, not copied
  (void)client.scatter(pointers{});
  (void)made.take();
  deep copied;
  (void)client.scatter(copied).result();
  (void)client.submit([](deep its) { return its; }, copied).result();
  (void)client.map([](const tree& its) { return its; }, std::vector<tree>(2));
  client.gather(client.map([](const tree& its) { return its; }, std::vector<tree>(2)));
#if defined RESULT_OF_A_TEMPORARY
  (void)client.submit([] { return pointers{}; }).result();
#elif defined RESULT_OF_A_MOVED
  auto its = std::move(mapped).result();
#elif defined RESULT_WITHIN_A_STRUCT
  auto its = client.submit([] { return named{}; }).result();
#elif defined GATHERED
  auto its = client.gather({mapped, mapped});
#elif defined GATHERED_LISTS
  auto its = client.gather(std::vector{client.submit([] { return std::list<pointer>{}; })});
#elif defined SCATTERED
  (void)client.scatter(own);
#elif defined SCATTERED_CONST
  const pointers fixed;
  (void)client.scatter(std::move(fixed));
#elif defined ARGUMENT
  (void)client.submit(count, own);
#elif defined PARAMETER
  (void)client.submit([](pointers its) { return its.size(); }, made);
#elif defined SECOND_PARAMETER
  (void)client.submit([](const pointers& x, pointers y) { return x.size() + y.size(); }, made, made);
#elif defined PARAMETER_OF_A_LITERAL
  (void)client.submit([](std::string name, named_pointers its) { return name.size() + its.size(); }, "x",
                      mapped);
#elif defined REFERENCE_RESULT
  (void)client.submit([](const pointers& its) -> const pointer& { return its.front(); }, made);
#elif defined CONST_RESULT
  auto its = client.submit([]() -> const pointers { return {}; });
#elif defined MEMBER
  (void)client.submit(&named::parts, client.submit([] { return named{}; }));
#elif defined MAPPED
  (void)client.map(count, ranges);
#elif defined MAPPED_FUTURES
  (void)client.map([](pointers its) { return its.size(); }, all);
#elif defined IN_A_CONTAINER
  (void)client.submit([](const std::vector<pointers>& its) { return its.size(); }, all);
#elif defined IN_A_PAIR
  (void)client.submit([](const auto& its) { return its.second.size(); }, std::pair{1, made});
#elif defined REDUCED_ELEMENTS
  (void)client.map_reduce(ranges, count, [](std::size_t x, std::size_t y) { return x + y; });
#elif defined REDUCED_RESULTS
  (void)client.map_reduce(
      std::vector<int>{1}, [](int) { return pointers{}; }, [](pointers x, const pointers&) { return x; });
#endif
}
