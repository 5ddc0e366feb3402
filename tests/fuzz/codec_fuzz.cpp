// The codec of user's types, and task bodies. The first byte chooses the type. Whatever is accepted must come
// back the same when it is encoded and decoded again.

#include "runtime/services/encoded_body.hpp"
#include "runtime/services/function_registry.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <weft/buffer.hpp>
#include <weft/codec.hpp>
#include <weft/detail/typed_body.hpp>
#include <weft/errors.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

using namespace weft;
using namespace weft::detail;

namespace {

struct point {
  int x = 0;
  double y = 0;
};

struct tree {
  std::string name{};
  std::vector<tree> children{};
};

struct chain {
  bool flag = false;
  std::unique_ptr<chain> next{};
};

struct record {
  int numbers[3] = {};
  std::optional<point> where{};
  std::map<std::string, std::vector<point>> groups{};
  std::variant<std::monostate, int, std::string> choice{};
};

class secret {
 public:
  friend auto weft_fields(secret& self) { return std::tie(self.a_, self.b_); }

 private:
  std::string a_;
  std::vector<bool> b_;
};

template <class... Types>
struct types {};

using tried =
    types<int, bool, double, std::string, std::vector<double>, std::vector<std::string>, std::vector<bool>,
          std::vector<point>, std::vector<std::monostate>, std::array<std::string, 2>, std::list<int>,
          std::deque<std::vector<bool>>, std::set<std::string>, std::map<int, std::set<int>>,
          std::unordered_map<std::string, int>, std::tuple<int, std::string, std::pair<bool, bool>>,
          std::optional<std::optional<std::string>>, std::variant<int, std::string, std::vector<int>>,
          std::unique_ptr<std::string>, std::chrono::nanoseconds, tree, chain, record, secret,
          function_reference, buffer<std::uint16_t>, std::vector<buffer<point>>>;

template <class T>
std::vector<std::byte> encoded(const T& value) {
  encoder to;
  encode(to, value);
  std::vector<std::byte> bytes(to.size());
  to.copy_to(bytes.data());
  return bytes;
}

template <class T>
T decoded(std::span<const std::byte> bytes) {
  decoder from(bytes);
  auto value = decode<T>(from);
  from.finish();
  return value;
}

template <class T>
void decode_as(std::span<const std::byte> bytes) {
  const auto once = encoded(decoded<T>(bytes));
  // An unordered container may come back in another order, so not the bytes but their number is compared.
  if (encoded(decoded<T>(once)).size() != once.size()) {
    std::fprintf(stderr, "a %s changed on its way\n", readable_name(typeid(T)).c_str());
    std::abort();
  }
}

const body_ptr& a_task() {
  static const body_ptr task =
      make_body([k = 3](const std::string& text,
                        const std::vector<int>& numbers) { return text.size() + numbers.size() + k; },
                std::string("text"), std::vector<input<int>>{{0}, {1}});
  return task;
}

void decode_task(std::span<const std::byte> bytes) {
  const value_ptr inputs[]{make_value<int>(1), make_value<int>(2)};
  const auto body = make_intrusive<encoded_body>(a_task()->function(), shared_buffer::copy(bytes), bytes);
  body->run(inputs);
}

template <class... Types>
void decode_as_chosen(types<Types...>, std::size_t choice, std::span<const std::byte> bytes) {
  if (choice == sizeof...(Types)) return decode_task(bytes);
  std::size_t index = 0;
  static_cast<void>(((index++ == choice && (decode_as<Types>(bytes), true)) || ...));
}

template <class... Types>
constexpr std::size_t count_of(types<Types...>) {
  return sizeof...(Types);
}

template <class... Types>
std::size_t index_of_type(types<Types...>, const std::type_info& wanted) {
  std::size_t index = 0;
  static_cast<void>(((typeid(Types) == wanted || (++index, false)) || ...));
  return index;
}

template <class T>
void add_seed(std::vector<test::fuzz_input>& seeds, const T& value) {
  auto& seed = seeds.emplace_back();
  seed.push_back(static_cast<std::uint8_t>(index_of_type(tried{}, typeid(T))));
  for (const auto byte : encoded(value))
    seed.push_back(static_cast<std::uint8_t>(byte));
}

} // namespace

std::vector<test::fuzz_input> test::fuzz_seeds() {
  std::vector<fuzz_input> seeds;
  add_seed(seeds, std::vector<double>{1, 2, 3});
  add_seed(seeds, std::vector<std::string>{"", "a", "bc"});
  add_seed(seeds, std::vector<bool>(13, true));
  add_seed(seeds, std::vector<std::monostate>(3));
  add_seed(seeds, std::deque<std::vector<bool>>{{true}, {}});
  add_seed(seeds, std::map<int, std::set<int>>{{1, {2, 3}}, {4, {}}});
  add_seed(seeds, std::unordered_map<std::string, int>{{"a", 1}, {"b", 2}});
  add_seed(seeds, std::optional<std::optional<std::string>>{std::optional<std::string>{"x"}});
  add_seed(seeds, std::variant<int, std::string, std::vector<int>>{std::vector<int>{1, 2}});
  add_seed(seeds, tree{"root", {{"a", {}}, {"b", {{"c", {}}}}}});
  chain links;
  auto* last = &links;
  for (int i = 0; i < 60; ++i)
    last = (last->next = std::make_unique<chain>()).get();
  add_seed(seeds, links);
  add_seed(seeds, record{{1, 2, 3}, point{1, 2}, {{"k", {{3, 4}}}}, "text"});
  add_seed(seeds, secret());
  add_seed(seeds, function_registry::instance().reference(a_task()->function()));
  auto& task = seeds.emplace_back();
  task.push_back(static_cast<std::uint8_t>(count_of(tried{})));
  encoder to;
  a_task()->encode(to);
  const auto body = to.flatten();
  for (const auto byte : body->bytes())
    task.push_back(static_cast<std::uint8_t>(byte));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    decode_as_chosen(tried{}, data[0] % (count_of(tried{}) + 1),
                     std::as_bytes(std::span(data + 1, size - 1)));
  } catch (const decode_error&) {
    // the one answer to bytes that are not what they should be
  }
  return 0;
}
