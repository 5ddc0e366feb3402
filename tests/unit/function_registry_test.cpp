#include "runtime/services/function_registry.hpp"

#include "runtime/services/encoded_body.hpp"
#include "runtime/services/function_pointers.hpp"

#include <weft/detail/failure.hpp>
#include <weft/detail/typed_body.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

/// One process plays both sides here; tests/functions has two.
namespace weft::detail {
namespace {

__attribute__((noinline)) int inc(int x) {
  return x + 1;
}
__attribute__((noinline)) int twice(int x) {
  return 2 * x;
}

template <class T>
__attribute__((noinline)) T thrice(T x) {
  return 3 * x;
}

struct greeter {
  std::string greeting;
  std::string operator()(const std::string& name) const { return greeting + " " + name; }
};

template <class Function>
struct twice_of {
  Function function;
  int operator()(int x) const { return function(function(x)); }
};

struct shape {
  virtual ~shape() = default;
  virtual int corners() const { return 0; }
  int sides() const { return corners() + 1; } // not what another does: the compiler merges those
};

function_registry& registry() {
  return function_registry::instance();
}

/// What the other side would run.
body_ptr sent(const body_ptr& body) {
  const auto function = registry().intern(registry().reference(body->function()));
  encoder to;
  body->encode(to);
  auto bytes = to.flatten();
  const auto all = bytes->bytes();
  return make_intrusive<encoded_body>(function, std::move(bytes), all);
}

template <class... Arguments>
std::string name_of(Arguments&&... arguments) {
  return registry().name_of(make_body(std::forward<Arguments>(arguments)...)->function());
}

TEST(function_registry, gives_each_function_one_number) {
  const auto first = make_body(inc, 1)->function();
  EXPECT_TRUE(first);
  EXPECT_EQ(make_body(inc, 2)->function(), first);
  EXPECT_NE(make_body(twice, 1)->function(), first);
  const auto lambda = [](int x) { return x; };
  EXPECT_EQ(make_body(lambda, 1)->function(), make_body(lambda, 2)->function());
  EXPECT_NE(make_body(lambda, 1)->function(), make_body(lambda, 1L)->function())
      << "other arguments, another decoder";
}

TEST(function_registry, gives_all_threads_the_same_number) {
  std::vector<function_id> numbers(8);
  std::vector<std::thread> threads;
  for (auto& number : numbers)
    threads.emplace_back([&number] { number = make_body([](int x) { return x - 1; }, 1)->function(); });
  for (auto& thread : threads)
    thread.join();
  for (const auto number : numbers)
    EXPECT_EQ(number, numbers[0]);
}

TEST(function_registry, names_functions_as_a_programmer_would) {
  EXPECT_EQ(name_of(inc, 1), "inc");
  EXPECT_EQ(name_of(thrice<double>, 1.0), "thrice");
  EXPECT_EQ(name_of([](int x) { return x; }, 1), "lambda");
  EXPECT_EQ(name_of(greeter{"hi"}, std::string("x")), "greeter");
  EXPECT_EQ(name_of(&shape::sides, input<shape>{0}), "sides");
  const auto lambda = [](int x) { return x; };
  EXPECT_EQ(name_of(twice_of<decltype(lambda)>{lambda}, 1), "twice_of");
}

TEST(short_function_name, drops_all_but_the_name) {
  EXPECT_EQ(short_function_name("inc(int)"), "inc");
  EXPECT_EQ(short_function_name("inc"), "inc");
  EXPECT_EQ(short_function_name("a::(anonymous namespace)::inc(int) [clone .isra.0]"), "inc");
  EXPECT_EQ(short_function_name("std::vector<int> ns::make<int, (color)1>(int)"), "make");
  EXPECT_EQ(short_function_name("main::{lambda(int)#1}::_FUN(int)"), "lambda");
  EXPECT_EQ(short_function_name("ns::adder::operator()(int) const"), "operator()");
  EXPECT_EQ(short_function_name("operator<<(a&, int)"), "operator<<");
  EXPECT_EQ(short_function_name("box<int>::get() const"), "get");
}

TEST(function_registry, knows_the_module_of_a_function) {
  const auto module = registry().module_of(make_body(inc, 1)->function());
  EXPECT_TRUE(registry().is_local(module));
  const auto modules = registry().modules();
  ASSERT_FALSE(modules.empty());
  EXPECT_EQ(registry().describe(module), modules.front());
  EXPECT_NE(registry().description_of(module).find(modules.front().id.hex()), std::string::npos);
}

TEST(function_registry, carries_every_kind_of_callable) {
  EXPECT_EQ(value_as<int>(*sent(make_body(inc, 1))->run({})), 2);
  EXPECT_EQ(value_as<double>(*sent(make_body(thrice<double>, 1.5))->run({})), 4.5);
  EXPECT_EQ(value_as<int>(*sent(make_body([](int x) { return x; }, 4))->run({})), 4);
  EXPECT_EQ(value_as<int>(*sent(make_body([k = 5](auto x) { return k * x; }, 4))->run({})), 20);
  EXPECT_EQ(value_as<int>(*sent(make_body([k = 5](int x) mutable { return k += x; }, 4))->run({})), 9);
  EXPECT_EQ(value_as<std::string>(*sent(make_body(greeter{"hello"}, std::string("you")))->run({})),
            "hello you");
  const std::vector<value_ptr> inputs{make_value<shape>()};
  EXPECT_EQ(value_as<int>(*sent(make_body(&shape::sides, input<shape>{0}))->run(inputs)), 1);
  EXPECT_EQ(value_as<int>(*sent(make_body(&shape::corners, input<shape>{0}))->run(inputs)), 0);
}

TEST(function_registry, tells_its_own_functions_by_the_same_number) {
  const auto body = make_body(twice, 1);
  EXPECT_EQ(sent(body)->function(), body->function());
}

TEST(function_registry, refuses_pointers_into_libm) {
  const auto body = make_body(static_cast<double (*)(double)>(std::sin), 1.0);
  EXPECT_DOUBLE_EQ(value_as<double>(*body->run({})), std::sin(1.0));
  try {
    registry().reference(body->function());
    FAIL();
  } catch (const cannot_travel& error) {
    EXPECT_NE(std::string(error.what()).find("libm"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("wrap it in a lambda"), std::string::npos);
  }
}

TEST(function_registry, refuses_to_send_a_pointer_into_the_middle_of_a_function) {
  const auto middle = reinterpret_cast<int (*)(int)>(reinterpret_cast<std::uintptr_t>(&inc) + 1);
  EXPECT_THROW(registry().reference(make_body(middle, 1)->function()), cannot_travel);
}

// -- callables within callables --------------------------------------------------------------------------

auto carried_bytes(const auto& callable) {
  encoder to;
  encode_carried(to, callable);
  return to.flatten();
}

template <class Function>
Function carried(const Function& function) {
  const auto bytes = carried_bytes(function);
  decoder from(bytes->bytes());
  auto result = decode_carried<Function>(from);
  from.finish();
  return result;
}

TEST(carried_callable, of_every_kind_arrives) {
  EXPECT_EQ(carried(&inc)(1), 2);
  EXPECT_EQ(carried([](int x) { return x + 1; })(1), 2);
  EXPECT_EQ(carried([k = 5](int x) { return k * x; })(2), 10);
  EXPECT_EQ(carried(greeter{"hello"})("you"), "hello you");
  shape round;
  EXPECT_EQ((round.*carried(&shape::sides))(), 1);
  EXPECT_EQ((round.*carried(&shape::corners))(), 0);
}

TEST(carried_callable, that_means_nothing_elsewhere_is_not_sent) {
  EXPECT_THROW(carried_bytes(static_cast<double (*)(double)>(std::sin)), cannot_travel);
  const auto middle = reinterpret_cast<int (*)(int)>(reinterpret_cast<std::uintptr_t>(&inc) + 1);
  EXPECT_THROW(carried_bytes(middle), cannot_travel);
  int local = 1;
  EXPECT_THROW(carried_bytes([&] { return local; }), cannot_travel);
}

TEST(carried_callable, with_a_damaged_pointer_is_refused) {
  const auto good = carried_bytes(&inc);
  const auto decode_with = [&](std::size_t at, std::byte value) {
    std::vector<std::byte> bytes(good->bytes().begin(), good->bytes().end());
    bytes.at(at) = value;
    decoder from(bytes);
    return decode_carried<int (*)(int)>(from);
  };
  constexpr std::size_t kind = 0, module = 1, offset = 21;
  EXPECT_EQ(decode_with(offset, good->bytes()[offset])(1), 2);
  EXPECT_THROW(decode_with(offset, good->bytes()[offset] ^ std::byte{1}), decode_error);
  EXPECT_THROW(decode_with(kind, std::byte{0}), decode_error);
  EXPECT_THROW(decode_with(kind, std::byte{2}), decode_error) << "a virtual function, where none belongs";
  EXPECT_THROW(decode_with(kind, std::byte{3}), decode_error);
  EXPECT_THROW(decode_with(module, good->bytes()[module] ^ std::byte{1}), build_mismatch);
}

TEST(carried_callable, that_points_into_a_module_which_is_not_here_names_it) {
  const auto good = carried_bytes(&inc);
  std::vector<std::byte> bytes(good->bytes().begin(), good->bytes().end());
  bytes.at(1) ^= std::byte{1};
  decoder from(bytes);
  try {
    decode_carried<int (*)(int)>(from);
    FAIL();
  } catch (...) {
    const auto why = failure::from_exception(std::current_exception(), "call-1", "bob");
    EXPECT_EQ(why->kind, failure_kind::module_absent);
    const auto here = registry().modules().front();
    const std::string beginning = "weft: a pointer leads to a function of " + here.name + ", build-id ";
    EXPECT_EQ(why->messages.front().substr(0, beginning.size()), beginning);
    EXPECT_NE(why->messages.front().find("here are " + here.name + " (" + here.id.hex() + ")"),
              std::string::npos)
        << why->messages.front();
  }
}

// -- function pointers as values --------------------------------------------------------------------------

template <class T>
T arrived(const T& value) {
  encoder to;
  encode(to, value);
  const auto bytes = to.flatten();
  decoder from(bytes->bytes());
  auto result = decode<T>(from);
  from.finish();
  return result;
}

TEST(function_pointer, as_a_value_arrives_as_the_same_function) {
  EXPECT_EQ(arrived(&inc)(1), 2);
  EXPECT_EQ(arrived(&thrice<double>)(1.5), 4.5);
  const auto several = arrived(std::vector<int (*)(int)>{&inc, nullptr, &twice});
  ASSERT_EQ(several.size(), 3u);
  EXPECT_EQ(several[0](1), 2);
  EXPECT_EQ(several[1], nullptr);
  EXPECT_EQ(several[2](4), 8);
}

TEST(function_pointer, as_a_value_is_not_taken_for_one_of_another_type) {
  EXPECT_NE(shape_of<int (*)(int)>.hash, shape_of<int (*)(long)>.hash);
  EXPECT_NE(shape_of<int (*)(int)>.hash, shape_of<bool>.hash);
}

TEST(function_pointer, as_a_value_that_means_nothing_elsewhere_is_not_sent) {
  EXPECT_THROW(arrived(static_cast<double (*)(double)>(std::sin)), cannot_travel);
  EXPECT_THROW(arrived(reinterpret_cast<int (*)(int)>(reinterpret_cast<std::uintptr_t>(&inc) + 1)),
               cannot_travel);
}

// -- what arrives ------------------------------------------------------------------------------------------

TEST(function_registry, refuses_to_receive_a_pointer_into_the_middle_of_a_function) {
  auto reference = registry().reference(make_body(inc, 1)->function());
  reference.target.offset += 1;
  EXPECT_THROW(registry().intern(reference), decode_error);
}

TEST(function_registry, refuses_to_receive_a_pointer_to_data) {
  static int data = 0;
  auto reference = registry().reference(make_body(inc, 1)->function());
  const auto code =
      reinterpret_cast<std::uintptr_t>(&inc) - reference.target.offset; // where the program begins
  reference.target.offset = reinterpret_cast<std::uintptr_t>(&data) - code;
  EXPECT_THROW(registry().intern(reference), decode_error);
}

TEST(function_registry, refuses_an_offset_where_no_descriptor_is) {
  for (const std::uint64_t shift : {std::uint64_t{8}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    auto reference = registry().reference(make_body([](int x) { return x; }, 1)->function());
    reference.offset += shift;
    EXPECT_THROW(registry().intern(reference), decode_error);
  }
}

TEST(function_registry, refuses_a_descriptor_of_another_type) {
  auto first = registry().reference(make_body([](int x) { return x; }, 1)->function());
  const auto second = registry().reference(make_body([](int x) { return x; }, 1L)->function());
  first.offset = second.offset;
  EXPECT_THROW(registry().intern(first), decode_error);
}

TEST(function_registry, refuses_a_pointer_function_announced_without_its_pointer) {
  auto reference = registry().reference(make_body(inc, 1)->function());
  reference.target = {};
  EXPECT_THROW(registry().intern(reference), decode_error);
}

TEST(function_registry, passes_on_but_does_not_run_what_another_build_has) {
  auto reference = registry().reference(make_body(inc, 1)->function());
  reference.module.bytes.fill(0xab);
  reference.module_name = "other";
  const auto function = registry().intern(reference);
  EXPECT_EQ(registry().intern(reference), function);
  EXPECT_FALSE(registry().is_local(registry().module_of(function)));
  EXPECT_EQ(registry().name_of(function), "inc");
  EXPECT_EQ(registry().reference(function), reference);
  encoder to;
  make_body(inc, 1)->encode(to);
  auto bytes = to.flatten();
  const auto all = bytes->bytes();
  const auto body = make_intrusive<encoded_body>(function, bytes, all);
  encoder on;
  body->encode(on);
  EXPECT_EQ(on.size(), to.size());
  try {
    body->run({});
    FAIL();
  } catch (const build_mismatch& error) {
    const std::string sentence = error.what();
    EXPECT_NE(sentence.find("other"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("abababab"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find(registry().modules().front().id.hex()), std::string::npos) << sentence;
  }
}

TEST(function_registry, names_the_library_of_a_function_that_is_pointed_to_where_it_is_not_loaded) {
  auto reference = registry().reference(make_body(inc, 1)->function());
  EXPECT_EQ(reference.target_module_name, reference.module_name);
  reference.target.module.bytes.fill(0xef);
  reference.target_module_name = "libplug.so";
  const auto function = registry().intern(reference);
  encoder to;
  make_body(inc, 1)->encode(to);
  const auto bytes = to.flatten();
  try {
    make_intrusive<encoded_body>(function, bytes, bytes->bytes())->run({});
    FAIL();
  } catch (const build_mismatch& error) {
    EXPECT_NE(std::string(error.what()).find("inc is a function of libplug.so, build-id efef"),
              std::string::npos)
        << error.what();
  }
}

TEST(function_registry, makes_foreign_names_fit_to_print) {
  auto reference = registry().reference(make_body(inc, 1)->function());
  reference.module.bytes.fill(0xcd);
  reference.name = "\x1b[31m" + std::string(10'000, 'x');
  const auto name = registry().name_of(registry().intern(reference));
  EXPECT_LE(name.size(), 200u);
  EXPECT_EQ(name.find('\x1b'), std::string::npos);
}

TEST(function_registry, keeps_the_number_of_a_module_it_has_not_got) {
  module_reference stranger{{}, "stranger"};
  stranger.id.bytes.fill(7);
  const auto module = registry().intern_module(stranger);
  EXPECT_EQ(registry().intern_module(stranger), module);
  EXPECT_FALSE(registry().is_local(module));
  EXPECT_EQ(registry().describe(module).name, "stranger");
}

TEST(encoded_body, refuses_damaged_arguments_when_it_runs) {
  const auto whole = make_body([](const std::string& text) { return text; }, std::string("text"));
  const auto function = whole->function();
  encoder to;
  whole->encode(to);
  const auto bytes = to.flatten();
  for (std::size_t size = 0; size < bytes->size(); ++size)
    EXPECT_THROW(make_intrusive<encoded_body>(function, bytes, bytes->bytes().first(size))->run({}),
                 decode_error);
}

TEST(encoded_body, can_be_sent_on_after_it_has_run) {
  const auto body = sent(
      make_body([k = 2](const std::string& text) { return text + std::to_string(k); }, std::string("text")));
  EXPECT_EQ(value_as<std::string>(*body->run({})), "text2");
  EXPECT_EQ(value_as<std::string>(*sent(body)->run({})), "text2");
}

} // namespace
} // namespace weft::detail
