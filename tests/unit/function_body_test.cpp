#include <weft/detail/typed_body.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::detail {
namespace {

int inc(int x) {
  return x + 1;
}
int add(int x, int y) {
  return x + y;
}
int sum(const std::vector<int>& numbers) {
  int total = 0;
  for (const int number : numbers)
    total += number;
  return total;
}

struct counter {
  int value;
  int get() const { return value; }
  virtual int doubled() const { return 2 * value; }
  explicit counter(int v) : value(v) {}
  virtual ~counter() = default;
};

template <class T, class... Arguments>
T result_of(std::span<const value_ptr> inputs, Arguments&&... arguments) {
  return value_as<T>(*make_body(std::forward<Arguments>(arguments)...)->run(inputs));
}

class typed_body_test : public testing::Test {
 protected:
  const std::array<value_ptr, 3> inputs{make_value<int>(5), make_value<int>(6), make_value<counter>(7)};
};

TEST_F(typed_body_test, calls_a_function_with_plain_arguments) {
  EXPECT_EQ(result_of<int>({}, inc, 1), 2);
}

TEST_F(typed_body_test, calls_a_function_with_inputs) {
  EXPECT_EQ(result_of<int>(inputs, add, input<int>{0}, input<int>{1}), 11);
}

TEST_F(typed_body_test, replaces_inputs_within_containers) {
  EXPECT_EQ(result_of<int>(inputs, sum, std::vector<input<int>>{{0}, {1}, {0}}), 16);
  EXPECT_EQ(result_of<int>(
                inputs, [](const std::array<int, 2>& a) { return a[0] * a[1]; },
                std::array<input<int>, 2>{{{0}, {1}}}),
            30);
  EXPECT_EQ(result_of<int>(
                inputs, [](const std::pair<int, std::string>& p) { return p.first; },
                std::pair{input<int>{1}, std::string("x")}),
            6);
  EXPECT_EQ(
      result_of<int>(
          inputs, [](const std::tuple<int, int>& t) { return std::get<1>(t); }, std::tuple{4, input<int>{0}}),
      5);
  EXPECT_EQ(result_of<int>(
                inputs, [](const std::map<std::string, int>& m) { return m.at("a") + m.at("b"); },
                std::map<std::string, input<int>>{{"a", {0}}, {"b", {1}}}),
            11);
  EXPECT_EQ(result_of<int>(
                inputs, [](const std::unordered_map<int, int>& m) { return m.at(1); },
                std::unordered_map<int, input<int>>{{1, {1}}}),
            6);
  EXPECT_EQ(result_of<int>(
                inputs, [](std::optional<int> o) { return *o; }, std::optional<input<int>>{{0}}),
            5);
  EXPECT_EQ(result_of<int>(
                inputs, [](const std::vector<std::vector<int>>& v) { return v[0][1]; },
                std::vector<std::vector<input<int>>>{{{0}, {1}}}),
            6);
}

TEST_F(typed_body_test, shows_a_const_reference_the_stored_object) {
  const auto seen = result_of<const void*>(
      inputs, weft::in_process([](const counter& c) { return static_cast<const void*>(&c); }),
      input<counter>{2});
  EXPECT_EQ(seen, &value_as<counter>(*inputs[2]));
}

TEST_F(typed_body_test, gives_a_parameter_by_value_a_copy) {
  EXPECT_EQ(result_of<int>(
                inputs, [](int x) { return ++x; }, input<int>{0}),
            6);
  EXPECT_EQ(value_as<int>(*inputs[0]), 5);
}

TEST_F(typed_body_test, calls_members) {
  EXPECT_EQ(result_of<int>(inputs, &counter::get, input<counter>{2}), 7);
  EXPECT_EQ(result_of<int>(inputs, &counter::doubled, input<counter>{2}), 14);
  EXPECT_EQ(result_of<int>(inputs, &counter::value, input<counter>{2}), 7);
  EXPECT_EQ(result_of<int>(inputs, &counter::get, std::make_unique<counter>(8)), 8);
}

TEST_F(typed_body_test, gives_every_run_a_fresh_copy_of_a_mutable_lambda) {
  const auto body = make_body([calls = 0]() mutable { return ++calls; });
  EXPECT_EQ(value_as<int>(*body->run({})), 1);
  EXPECT_EQ(value_as<int>(*body->run({})), 1);
}

TEST_F(typed_body_test, returns_unit_for_void) {
  bool called = false;
  const auto result = make_body(weft::in_process([&] { called = true; }))->run({});
  EXPECT_TRUE(called);
  EXPECT_NO_THROW(value_as<unit>(*result));
}

TEST_F(typed_body_test, returns_a_value_for_a_reference) {
  static const std::string text = "static";
  EXPECT_EQ(result_of<std::string>({}, []() -> const std::string& { return text; }), "static");
}

TEST_F(typed_body_test, returns_move_only_results) {
  auto result = make_body([](int x) { return std::make_unique<int>(x); }, 3)->run({});
  EXPECT_EQ(*extract_value<std::unique_ptr<int>>(std::move(result)), 3);
}

TEST_F(typed_body_test, keeps_a_literal_as_a_string_so_that_it_can_travel) {
  const auto body = make_body([](const std::string& text) { return text.size(); }, "four");
  EXPECT_EQ(value_as<std::size_t>(*body->run({})), 4u);
  encoder to;
  EXPECT_NO_THROW(body->encode(to));
  EXPECT_EQ(result_of<std::size_t>(
                {}, [](std::string_view text) { return text.size(); }, "four"),
            4u);
}

TEST_F(typed_body_test, hands_pointers_to_what_never_leaves_the_process) {
  int here = 1;
  const auto count = in_process([](int* at) { return ++*at; });
  EXPECT_EQ(result_of<int>({}, count, &here), 2);
  EXPECT_EQ(here, 2);
}

TEST_F(typed_body_test, lets_exceptions_pass) {
  EXPECT_THROW(make_body([]() -> int { throw std::runtime_error("no"); })->run({}), std::runtime_error);
}

TEST_F(typed_body_test, refuses_an_input_of_another_type) {
  EXPECT_THROW(result_of<int>(inputs, inc, input<int>{2}), decode_error);
}

TEST_F(typed_body_test, refuses_an_input_that_is_not_there) {
  EXPECT_THROW(result_of<int>(inputs, inc, input<int>{3}), decode_error);
}

TEST_F(typed_body_test, counts_its_arguments) {
  EXPECT_GE(make_body(sum, std::vector<int>(1000))->nbytes(), 4000u);
}

TEST(task_result, is_what_the_function_returns) {
  EXPECT_TRUE((std::is_same_v<task_result_t<decltype(inc), int>, int>));
  EXPECT_TRUE((std::is_same_v<task_result_t<decltype(sum), std::vector<input<int>>>, int>));
  EXPECT_TRUE((std::is_same_v<task_result_t<void (*)()>, unit>));
  EXPECT_TRUE((std::is_same_v<task_result_t<const std::string& (*)()>, std::string>));
}

// -- what may leave the process ------------------------------------------------------

std::string refusal(const body_ptr& body) {
  encoder to;
  try {
    body->encode(to);
    return "";
  } catch (const cannot_travel& error) {
    return error.what();
  }
}

TEST(captures, that_are_numbers_travel) {
  EXPECT_EQ(refusal(make_body([k = 3, d = 2.5, a = std::array<int, 3>{1, 2, 3}] { return k + d + a[0]; })),
            "");
}

TEST(captures, with_padding_do_not_look_like_pointers) {
  // What the padding holds is left over from before: often pointers.
  struct padded {
    char c;
    double d;
    char e;
  };
  for (int i = 0; i < 100; ++i) {
    alignas(16) void* volatile ghosts[8];
    for (auto& ghost : ghosts)
      ghost = const_cast<void**>(ghosts);
    const padded value{'a', 1.0, 'b'};
    EXPECT_EQ(refusal(make_body([value, flag = true, d = 1.5] { return value.d + d + flag; })), "");
  }
}

TEST(captures, by_reference_are_refused_naming_the_stack) {
  int local = 1;
  const auto sentence = refusal(make_body([&] { return local; }));
  EXPECT_NE(sentence.find("points into [stack]"), std::string::npos) << sentence;
}

TEST(captures, of_heap_memory_are_refused) {
  const auto owned = std::make_unique<int>(1);
  const auto sentence = refusal(make_body([p = owned.get()] { return *p; }));
  EXPECT_NE(sentence.find("points into "), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("pass the data (or the function) as an argument instead"), std::string::npos)
      << sentence;
}

TEST(captures, of_views_into_the_program_are_refused_naming_its_file) {
  const std::string_view view = "a literal";
  const auto sentence = refusal(make_body([view] { return view.size(); }));
  EXPECT_NE(sentence.find("unit_function"), std::string::npos) << sentence;
}

TEST(captures, of_this_are_refused) {
  struct service {
    int factor = 3;
    body_ptr task() {
      return make_body([this](int x) { return factor * x; }, 2);
    }
  } local;
  EXPECT_NE(refusal(local.task()), "");
}

TEST(captures, wrapped_in_unchecked_are_sent_as_they_are) {
  int local = 1;
  const auto address = reinterpret_cast<std::uintptr_t>(&local);
  EXPECT_NE(refusal(make_body([address] { return address; })), "");
  EXPECT_EQ(refusal(make_body(weft::unchecked([address] { return address; }))), "");
}

TEST(captures, wrapped_in_in_process_never_leave) {
  auto text = std::make_shared<std::string>("shared");
  const auto body = make_body(weft::in_process([text] { return *text; }));
  EXPECT_EQ(value_as<std::string>(*body->run({})), "shared");
  EXPECT_NE(refusal(body).find("weft::in_process"), std::string::npos);
}

TEST(arguments, without_a_codec_are_refused_when_they_would_leave) {
  const auto body = make_body([](const std::shared_ptr<int>& p) { return *p; }, std::make_shared<int>(1));
  EXPECT_EQ(value_as<int>(*body->run({})), 1);
  EXPECT_NE(refusal(body).find("std::shared_ptr<int>"), std::string::npos) << refusal(body);
}

} // namespace
} // namespace weft::detail
