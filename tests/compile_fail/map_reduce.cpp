// Wrong calls of map_reduce, each of which has to be refused in a sentence.

#include <weft/weft.hpp>

#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

int square(int x) {
  return x * x;
}
int add(int x, int y) {
  return x + y;
}
double average(int x, int y) {
  return (x + y) / 2.0;
}
void nothing(int) {}

void wrong_calls(weft::client& client) {
  const std::vector<int> numbers{1, 2};
  auto futures = client.map(square, numbers);
  std::vector<std::unique_ptr<int>> uniques;
  const std::string text = "x";
  (void)client.map_reduce({.pieces = 3}, numbers, square, add, 1).result();
#if defined NO_RANGE
  int total = client.map_reduce(5, square, add).result();
#elif defined FUTURES
  (void)client.map_reduce(futures, square, add);
#elif defined MOVE_ONLY_ELEMENTS
  (void)client.map_reduce(
      uniques, [](const std::unique_ptr<int>& at) { return *at; }, add);
#elif defined VIEWS
  const auto view = [](const std::string& its) -> std::string_view { return its; };
  const auto longer = [](std::string_view a, std::string_view b) { return a.size() < b.size() ? b : a; };
  (void)client.map_reduce(std::vector<std::string>{"x"}, view, longer).result();
#elif defined ENDLESS
  (void)client.map_reduce(std::views::iota(0), square, add);
#elif defined WRONG_ELEMENT
  (void)client.map_reduce(std::vector<std::string>{"x"}, square, add);
#elif defined ELEMENT_BY_REFERENCE
  (void)client.map_reduce(
      numbers, [](int& x) { return x; }, add);
#elif defined NO_RESULT
  (void)client.map_reduce(numbers, nothing, add);
#elif defined WRONG_RESULT
  (void)client.map_reduce(
      numbers, [](int x) { return std::to_string(x); }, add);
#elif defined OTHER_RESULT
  (void)client.map_reduce(numbers, square, [](int x, int y) { return std::to_string(x + y); });
#elif defined UNSTABLE_RESULT
  (void)client.map_reduce(
      numbers, square, [](auto x, auto) -> std::conditional_t<sizeof x == 4, long, int> { return x; });
#elif defined STRING_CAPTURE
  (void)client.map_reduce(
      numbers, [text](int x) { return x + static_cast<int>(text.size()); }, add);
#elif defined WRONG_INITIAL
  (void)client.map_reduce(numbers, square, add, std::string("0"));
#elif defined LOSSY_INITIAL
  (void)client.map_reduce(numbers, square, add, 0.5);
#elif defined INDICES_OF_FRACTIONS
  (void)client.map_reduce(
      weft::index_range{0.5, 2.5}, [](double x) { return x; }, average);
#endif
}
