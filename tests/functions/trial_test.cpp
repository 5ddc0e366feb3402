#include "tests/functions/common_lambda.hpp"
#include "tests/functions/library.hpp"
#include "tests/functions/trial_link.hpp"

#include "runtime/services/function_registry.hpp"

#include <weft/detail/typed_body.hpp>
#include <weft/errors.hpp>

#include <gtest/gtest.h>

#include <dlfcn.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

/// All kinds of callables, sent to a worker that is another process. Which program the worker runs comes from
/// the environment (see CMakeLists.txt); without that it is this one.
namespace weft::detail {

__attribute__((noinline)) int named_function(int x) {
  return x + 1;
}

template <class T>
__attribute__((noinline)) T template_function(T x) {
  return 2 * x;
}

struct counter {
  int value = 0;
  int plus(int x) const { return value + x; }
};

/// Has a table of virtual functions, and so a codec of its own.
class animal {
 public:
  explicit animal(int l) : legs(l) {}
  virtual ~animal() = default;
  virtual int count() const { return legs; }
  int legs;
};

struct polynomial {
  std::vector<double> coefficients;
  double operator()(double x) const {
    double sum = 0;
    for (const double c : coefficients)
      sum = sum * x + c;
    return sum;
  }
};

} // namespace weft::detail

template <>
struct weft::codec<weft::detail::animal> {
  static void encode(encoder& to, const detail::animal& value) { to.write(value.legs); }
  static detail::animal decode(decoder& from) { return detail::animal(from.read<int>()); }
};

namespace weft::detail {
namespace {

__attribute__((noinline)) int hidden_function(int x) {
  return x + 3;
}

struct hidden_functor {
  int factor;
  int operator()(int x) const { return factor * x; }
};

std::string worker_program() {
  const auto* const program = std::getenv("WEFT_TRIAL_WORKER");
  return program ? program : "/proc/self/exe";
}

class trial : public testing::Test {
 protected:
  template <class T>
  T result(const body_ptr& body, const std::vector<value_ptr>& inputs = {}) {
    return value_as<T>(*worker.run(*body, inputs));
  }

  std::string refusal(const body_ptr& body) {
    try {
      worker.run(*body);
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  weft::trial::worker_process worker{worker_program()};
};

TEST_F(trial, functions_by_pointer) {
  EXPECT_EQ(result<int>(make_body(named_function, 1)), 2);
  EXPECT_EQ(result<int>(make_body(&hidden_function, 1)), 4);
  EXPECT_EQ(result<int>(make_body(template_function<int>, 4)), 8);
  EXPECT_EQ(result<double>(make_body(template_function<double>, 0.25)), 0.5);
}

TEST_F(trial, lambdas_without_captures) {
  EXPECT_EQ(result<int>(make_body([](int x) { return x - 1; }, 1)), 0);
  EXPECT_EQ(result<std::string>(make_body([](auto x) { return x + "!"; }, std::string("hey"))), "hey!");
}

TEST_F(trial, lambdas_with_captures) {
  const std::array<int, 3> factors{2, 3, 4};
  EXPECT_EQ(result<double>(make_body([factors, k = 0.5](int x) { return k * factors[1] * x; }, 10)), 15.0);
  EXPECT_EQ(result<int>(make_body([k = 5](auto x) { return k + x; }, 1)), 6);
}

TEST_F(trial, mutable_lambdas) {
  EXPECT_EQ(result<int>(make_body([calls = 7](int x) mutable { return calls += x; }, 1)), 8);
}

TEST_F(trial, functors) {
  EXPECT_EQ(result<int>(make_body(hidden_functor{6}, 7)), 42);
  EXPECT_EQ(result<double>(make_body(polynomial{{1, 2, 3}}, 2.0)), 11.0);
}

TEST_F(trial, members) {
  EXPECT_EQ(result<int>(make_body(&counter::plus, counter{4}, 3)), 7);
  EXPECT_EQ(result<int>(make_body(&counter::value, counter{4})), 4);
  EXPECT_EQ(result<int>(make_body(&animal::count, animal(6))), 6);
}

TEST_F(trial, inputs_as_bytes) {
  const std::vector<value_ptr> inputs{make_value<int>(4), make_value<std::vector<double>>(1000, 0.5)};
  EXPECT_EQ(result<std::size_t>(make_body([](int x, const std::vector<double>& v) { return x + v.size(); },
                                          input<int>{0}, input<std::vector<double>>{1}),
                                inputs),
            1004u);
  EXPECT_EQ(result<int>(make_body([](const std::vector<int>& v) { return v[0] * v[1]; },
                                  std::vector<input<int>>{{0}, {0}}),
                        inputs),
            16);
}

TEST_F(trial, tasks_made_in_a_linked_library) {
  EXPECT_EQ(result<int>(library_a_lambda_task(1)), 11);
  EXPECT_EQ(result<int>(library_a_pointer_task(1)), 21);
}

TEST_F(trial, the_same_lambda_of_a_header_in_a_program_and_two_libraries) {
  std::set<std::string> modules;
  for (const auto& body : {make_common_task(1), library_a_common_task(1), library_b_common_task(1)}) {
    EXPECT_EQ(result<int>(body), 1001);
    modules.insert(function_registry::instance().reference(body->function()).module_name);
  }
  EXPECT_EQ(modules.size(), 3u) << "each sends its own";
}

TEST_F(trial, a_pointer_to_a_function_of_a_linked_library) {
  // Where the program is not position-independent, the pointer leads to a stub in it: not a function's first
  // byte.
  const auto body = make_body(library_function, 1);
#ifdef __PIE__
  EXPECT_EQ(result<int>(body), 2);
  auto& registry = function_registry::instance();
  const auto target = registry.target_module_of(body->function());
  EXPECT_EQ(target, registry.module_of(library_a_lambda_task(1)->function()));
  EXPECT_FALSE(registry.target_module_of(make_body(named_function, 1)->function())) << "its own module";
#else
  EXPECT_NE(refusal(body).find("wrap the call in a lambda"), std::string::npos) << refusal(body);
#endif
  EXPECT_EQ(result<int>(make_body([](int x) { return library_function(x); }, 1)), 2);
}

/// The task library that programs load while they run. Unloaded with the last of these.
class plugin {
 public:
  plugin() : library_(::dlopen(path(), RTLD_NOW)) {
    if (!library_) throw std::runtime_error(::dlerror());
  }
  ~plugin() { ::dlclose(library_); }
  plugin(const plugin&) = delete;
  plugin& operator=(const plugin&) = delete;

  static const char* path() {
    const auto* const path = std::getenv("WEFT_TRIAL_PLUGIN");
    return path ? path : "libfunctions_plugin.so";
  }

  body_ptr task(int x) const {
    const auto make =
        reinterpret_cast<const task_body* (*)(int)>(::dlsym(library_, "weft_trial_plugin_task"));
    return body_ptr::adopt(make(x));
  }

 private:
  void* library_;
};

TEST_F(trial, a_library_loaded_while_they_run) {
  const plugin loaded;
  const auto body = loaded.task(1);
  auto& registry = function_registry::instance();
  EXPECT_TRUE(registry.is_local(registry.module_of(body->function())));

  const auto sentence = refusal(body);
  EXPECT_NE(sentence.find("libfunctions_plugin.so"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("which is not loaded here"), std::string::npos) << sentence;
  worker.load_library(plugin::path());
  EXPECT_EQ(result<int>(body), 31) << "its number there, given while it was foreign, stands for it now";
}

TEST_F(trial, a_library_that_was_unloaded_is_forgotten_until_it_is_loaded_again) {
  auto& registry = function_registry::instance();
  function_id function;
  function_reference reference;
  {
    const plugin loaded;
    function = loaded.task(1)->function();
    reference = registry.reference(function);
  }
  ASSERT_EQ(::dlopen(plugin::path(), RTLD_NOW | RTLD_NOLOAD), nullptr) << "it is still loaded";
  for (const auto& module : registry.modules())
    EXPECT_NE(module.name, "libfunctions_plugin.so");
  EXPECT_FALSE(registry.is_local(registry.module_of(function)));
  EXPECT_EQ(registry.intern(reference), function);

  const plugin again;
  EXPECT_EQ(again.task(2)->function(), function);
  EXPECT_TRUE(registry.is_local(registry.module_of(function)));
}

TEST_F(trial, pointers_into_libm_are_refused) {
  const auto sentence = refusal(make_body(static_cast<double (*)(double)>(std::sin), 1.0));
  EXPECT_NE(sentence.find("wrap"), std::string::npos) << sentence;
  EXPECT_EQ(result<double>(make_body([](double x) { return std::sin(x); }, 0.0)), 0.0);
}

TEST_F(trial, what_a_task_throws_is_told) {
  EXPECT_EQ(refusal(make_body([](int x) -> int { throw std::runtime_error("no " + std::to_string(x)); }, 4)),
            "no 4");
}

#ifndef WEFT_TRIAL_NUMBER
#define WEFT_TRIAL_NUMBER 1
#endif
constexpr int read_only_numbers[] = {7, WEFT_TRIAL_NUMBER, 11};

TEST_F(trial, read_only_data) {
  // Not known to the compiler: a program with another number differs in its data alone, not in its code.
  volatile int second = 1;
  EXPECT_EQ(result<int>(make_body([](int which) { return read_only_numbers[which]; }, int{second})),
            read_only_numbers[second]);
}

#ifndef WEFT_TRIAL_WRITABLE_NUMBER
#define WEFT_TRIAL_WRITABLE_NUMBER 1
#endif
volatile int writable_number = WEFT_TRIAL_WRITABLE_NUMBER;

TEST_F(trial, writable_data) {
  EXPECT_EQ(result<int>(make_body([] { return writable_number + 1; })), writable_number + 1);
  writable_number = writable_number + 1; // which makes it no other build
  EXPECT_EQ(result<int>(make_body([] { return writable_number + 0; })), writable_number - 1);
}

/// Run with a worker of another build only.
TEST_F(trial, DISABLED_a_worker_of_another_build_refuses_all) {
  const auto& registry = function_registry::instance();
  for (const auto& body : {make_body(named_function, 1), make_body([](int x) { return x; }, 1)}) {
    const auto sentence = refusal(body);
    const auto wanted = registry.description_of(registry.module_of(body->function()));
    EXPECT_NE(sentence.find(wanted), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("which is not loaded here; here are functions_trial_"), std::string::npos)
        << sentence;
  }
  EXPECT_EQ(result<int>(library_a_lambda_task(1)), 11) << "a library that both have is another matter";
}

} // namespace
} // namespace weft::detail
