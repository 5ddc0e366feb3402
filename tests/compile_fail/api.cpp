// Wrong uses of the API, each of which has to be refused in a sentence.

#include <weft/weft.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

int inc(int x) {
  return x + 1;
}
int read_there(const int* at) {
  return *at;
}
void nothing() {}
/// Can be neither copied nor iterated when it is const.
class passing_futures {
 public:
  passing_futures() = default;
  passing_futures(passing_futures&&) = default;
  weft::future<int>* begin() { return nullptr; }
  weft::future<int>* end() { return nullptr; }
};
std::unique_ptr<int> make_number() {
  return std::make_unique<int>(1);
}
const char* name() {
  return "name";
}
std::vector<std::string_view> words(const std::string& text) {
  return {text};
}
std::span<const int> part(const std::vector<int>& all) {
  return all;
}
std::atomic<int> make_immovable() {
  return 1;
}
struct with_future {
  int number;
  std::vector<weft::future<int>> futures;
};

struct counter {
  int plus(int more) const { return number + more; }
  int number = 0;
};

void wrong_calls(weft::client& client) {
  auto number = client.submit(inc, 1);
  auto unique = client.submit(make_number);
  auto done = client.submit(nothing);
  std::vector<weft::future<std::unique_ptr<int>>> uniques;
  std::vector<weft::any_future> any{number, unique};
  (void)client.submit({.retries = 1}, inc, number);
  (void)client.submit([](const auto& x) { return x + 1; }, number);
  (void)client.submit([](auto&& x) { return x + 1; }, number);
  (void)client.submit([](int (*function)(int)) { return function; }, inc);
  (void)client.submit([](weft::task_options its) { return its.retries; }, weft::task_options{});
  (void)client.submit(weft::in_process([] { return std::string_view("literal"); }));
  (void)client.submit(weft::in_process([](std::string_view text) { return text.size(); }),
                      std::string_view("x"));
  counter local;
  (void)client.submit(weft::in_process(&counter::plus), std::ref(local), 2);
  (void)client.submit(weft::in_process([](const std::reference_wrapper<int>& x) { return x; }),
                      std::ref(local.number));
  (void)client.submit(weft::in_process([] { return std::async(inc, 1); }));
  (void)client.submit(weft::in_process([](const std::vector<weft::any_future>& its) { return its.size(); }),
                      any);
  (void)client.submit(weft::in_process([](const with_future& its) { return its.number; }),
                      with_future{1, {}});
  (void)client.map(inc, std::string_view("ab"));
  (void)client.map(inc, {1, 2, 3});
  (void)client.map({.key = "x"}, inc, {number, number});
  client.gather({number, number});
  client.cancel({number, number});
  client.cancel({number, done});
  weft::wait({number, number});
  weft::wait({number, done}, {.timeout = 5s});
  weft::wait({.timeout = 5s}, number, done);
  weft::wait(number, done, {.timeout = 5s});
  weft::wait(number, done, unique, {.timeout = 5s});
  weft::wait(any, {.until = weft::wait_until::first});
  weft::progress({number, number});
  weft::as_completed two({number, number});
  weft::as_completed<int> none;
  weft::as_completed<int> fetched({.with_results = true});
  weft::as_completed<int> braced{{number, number}, {.timeout = 5s}};
  two.update({number});
  two.next(5s);
  number.result(std::chrono::duration<double>(0.5));
  unique.result();
  unique.take();
#if defined WRONG_ARGUMENT
  int result = client.submit(inc, std::vector<int>{1}).result();
  (void)client.submit(inc, client.submit(inc, std::vector<int>{1}));
#elif defined WRONG_FUTURE
  (void)client.submit(inc, unique);
#elif defined RESULT_OF_A_TEMPORARY
  (void)client.submit(make_number).result();
#elif defined GATHER_MOVE_ONLY
  client.gather(uniques);
#elif defined VOID_ARGUMENT
  (void)client.submit(inc, done);
#elif defined VOID_FOR_ANY_TYPE
  (void)client.submit([](auto x) { return x + 1; }, done);
#elif defined VOID_IN_CONTAINER
  (void)client.submit([](const auto& all) { return all.size(); }, std::vector<weft::future<void>>{done});
#elif defined MAPPED_VOIDS
  (void)client.map(inc, std::vector<weft::future<void>>{done});
#elif defined CLIENT_ARGUMENT
  (void)client.submit(inc, client);
#elif defined IMMOVABLE_FOR_A_NUMBER
  (void)client.submit(inc, std::atomic<std::unique_ptr<int>*>(nullptr));
#elif defined IMMOVABLE_BY_VALUE
  (void)client.submit([](std::atomic<int>) { return 1; }, std::atomic<int>(1)).result();
#elif defined POINTER_ARGUMENT
  const int here = 1;
  (void)client.submit(read_there, &here);
#elif defined MAPPED_POINTERS
  (void)client.map(read_there, std::vector<const int*>{nullptr});
#elif defined MAP_OF_A_NUMBER
  auto mapped = client.gather(client.map(inc, 1));
#elif defined CANCEL_A_NUMBER
  client.cancel(1);
#elif defined GATHER_A_NUMBER
  client.gather(5);
#elif defined GATHER_ONE_FUTURE
  client.gather(number);
#elif defined WAIT_FOR_A_NUMBER
  weft::wait(5);
#elif defined PROGRESS_OF_A_NUMBER
  weft::progress(5);
#elif defined PROGRESS_OF_TWO
  weft::progress(number, done);
#elif defined PROGRESS_OF_NOTHING
  weft::progress();
#elif defined PROGRESS_WITH_A_TITLE
  weft::progress(any, "title");
#elif defined PROGRESS_OF_A_LIST_WITH_A_TITLE
  weft::progress({number, number}, "title");
#elif defined PROGRESS_WITH_MORE_THAN_OPTIONS
  weft::progress(any, weft::progress_options{}, 5);
#elif defined COMPLETION_OF_A_NUMBER
  weft::as_completed completed{5};
#elif defined COPIED_MOVE_ONLY_ARGUMENT
  const auto argument = make_number();
  (void)client.submit([](const std::unique_ptr<int>& at) { return *at; }, argument);
#elif defined SCATTER_A_POINTER
  (void)client.scatter("text");
#elif defined SCATTER_A_COPY
  const auto datum = make_number();
  (void)client.scatter(datum);
#elif defined SCATTER_IMMOVABLE
  (void)client.scatter(std::atomic<int>(1));
#elif defined SCATTER_A_VIEW
  (void)client.scatter(std::string_view("x"));
#elif defined SCATTER_A_FUTURE
  (void)client.scatter(number);
#elif defined GATHER_UNTYPED
  auto all = client.gather(any);
#elif defined GATHER_MIXED
  auto all = client.gather({number, done});
#elif defined GATHER_TWO
  std::vector<int> all = client.gather(number, number);
#elif defined GATHER_NOTHING
  auto all = client.gather();
#elif defined CANCEL_TWO
  client.cancel(number, done);
#elif defined COMPLETION_UNTYPED
  weft::as_completed completed(any);
#elif defined COMPLETION_MIXED
  weft::as_completed completed({number, done});
#elif defined COMPLETION_OF_NOTHING
  weft::as_completed completed;
#elif defined COMPLETION_OF_OPTIONS
  weft::as_completed completed({.with_results = true});
#elif defined COMPLETION_OF_TWO
  weft::as_completed completed(number, number);
#elif defined UPDATE_ONE
  two.update(number);
#elif defined UPDATE_A_NUMBER
  two.update(5);
#elif defined UPDATE_OTHERS
  two.update(uniques);
#elif defined WAIT_FOR_WHAT_CANNOT_BE_ITERATED_TWICE
  weft::wait(passing_futures{});
#elif defined PRINTED_REFUSAL
  std::cout << client.submit(inc, "one").result() << '\n';
#elif defined WAIT_WITHOUT_UNIT
  weft::wait(number, 5);
#elif defined WAIT_TIME_LAST
  auto [ready, pending] = std::pair<int, int>(weft::wait(std::vector{number}, 5s));
#elif defined WAIT_FOR_ONE_WITH_OPTIONS
  weft::wait(number, {.timeout = 5s});
#elif defined RESULT_WITHOUT_UNIT
  number.result(5);
#elif defined WAIT_FOR_WITHOUT_UNIT
  number.wait_for(0.5);
#elif defined TIMEOUT_WITHOUT_UNIT
  weft::wait({number, number}, {.timeout = 5});
#elif defined CLUSTER_TIMEOUT_WITHOUT_UNIT
  weft::local_cluster cluster{{.shutdown_timeout = 5}};
#elif defined WAIT_FOR_FOUR_WITH_OPTIONS
  weft::wait(number, number, done, done, weft::wait_options{.timeout = 5s});
#elif defined PORT_AS_ADDRESS
  weft::client elsewhere{8786};
#elif defined PORT_BESIDE_ADDRESS
  weft::client elsewhere{"127.0.0.1", 8786};
#elif defined REDUCE_NOTHING
  (void)client.map_reduce();
#elif defined REDUCE_WITHOUT_REDUCTION
  int total = client.map_reduce(std::vector<int>{1}, inc).result();
#elif defined REDUCE_OPTIONS_WITHOUT_REDUCTION
  (void)client.map_reduce({.pieces = 2}, std::vector<int>{1}, inc);
#elif defined SUBMIT_NOTHING
  int result = client.submit().result();
#elif defined SUBMIT_OPTIONS
  (void)client.submit({.key = "x"});
#elif defined OPTIONS_LAST
  (void)client.submit(inc, 1, weft::task_options{.key = "x"});
#elif defined OPTIONS_LAST_NAMED
  const weft::task_options options{.key = "x"};
  (void)client.submit(inc, 1, options);
#elif defined OPTIONS_LAST_IN_BRACES
  int result = client.submit(inc, 1, {.key = "x"}).result();
#elif defined OPTIONS_SECOND
  (void)client.submit(inc, {.key = "x"});
#elif defined MAP_NOTHING
  (void)client.map();
#elif defined MAP_WITHOUT_RANGE
  (void)client.map(inc);
#elif defined MAP_OF_A_LITERAL
  auto mapped = client.map([](char c) { return c; }, "ab");
#elif defined MAP_OPTIONS_WITHOUT_RANGE
  auto mapped = client.map({.key = "x"}, inc);
#elif defined MAP_OF_UNCOPYABLE
  std::vector<std::unique_ptr<int>> numbers;
  auto mapped = client.map([](const std::unique_ptr<int>& x) { return *x; }, std::move(numbers));
#elif defined CHANGED_REFERENCE
  int result = client.submit([](auto& x) { return ++x; }, 1).result();
#elif defined CHANGED_RESULT
  (void)client.submit([](auto& x) { x = 2; }, number);
#elif defined MAPPED_REFERENCE
  (void)client.map([](auto& x) { return ++x; }, std::vector<int>{1});
#elif defined IMMOVABLE_RESULT
  auto immovable = client.submit(make_immovable);
#elif defined IMMOVABLE_ARGUMENT
  const std::atomic<int> counter{0};
  (void)client.submit([](const std::atomic<int>& x) { return x.load(); }, counter);
#elif defined LITERAL_RESULT
  const std::string text = client.submit(name).result();
#elif defined POINTER_RESULT
  (void)client.submit([] { return new int(1); }).result();
#elif defined VIEWS_RESULT
  (void)client.submit(words, "a text");
#elif defined SPAN_RESULT
  (void)client.submit(part, std::vector<int>{1});
#elif defined MAPPED_TO_POINTERS
  (void)client.map([](int) { return name(); }, std::vector<int>{1});
#elif defined VIEW_ARGUMENT
  (void)client.submit([](std::string_view text) { return text.size(); }, std::string_view("x"));
#elif defined SPAN_ARGUMENT
  const std::vector<int> all{1};
  (void)client.submit([](std::span<const int> its) { return its.size(); }, std::span<const int>(all));
#elif defined REFERENCE_ARGUMENT
  (void)client.submit(inc, std::ref(local.number));
#elif defined REFERENCE_AS_OBJECT
  (void)client.submit(&counter::plus, std::ref(local), 2);
#elif defined REFERENCE_RESULT
  (void)client.submit([&local] { return std::cref(local); });
#elif defined STANDARD_FUTURE_RESULT
  (void)client.submit([] { return std::async(inc, 1); });
#elif defined POINTERS_IN_A_VECTOR
  (void)client.submit([](const std::vector<const char*>& its) { return its.size(); },
                      std::vector<const char*>{"x"});
#elif defined FUTURE_RESULT
  (void)client.submit(weft::unchecked([&client] { return client.submit(inc, 1); }));
#elif defined FUTURES_IN_A_RESULT
  (void)client.submit([](int n) { return with_future{n, {}}; }, 1);
#elif defined UNTYPED_ARGUMENT
  (void)client.submit([](const weft::any_future& its) { return its.done(); }, any[0]);
#elif defined UNTYPED_FOR_A_TYPE
  int result = client.submit(inc, any[0]).result();
#elif defined UNTYPED_IN_A_CONTAINER
  (void)client.submit([](const auto& its) { return its.size(); }, any);
#elif defined MAPPED_UNTYPED
  (void)client.map(inc, any);
#elif defined FUTURES_IN_A_STRUCT
  (void)client.submit([](const with_future& its) { return its.number; }, with_future{1, {number}});
#elif defined SHARED_STANDARD_FUTURE
  (void)client.submit([](const std::shared_future<int>& its) { return its.get(); },
                      std::async(inc, 1).share());
#elif defined FUTURE_AS_FUNCTION
  int result = client.submit(number, 1).result();
#elif defined FUTURE_WITHOUT_FUNCTION
  (void)client.submit(number);
#elif defined UNTYPED_AS_FUNCTION
  (void)client.submit({.retries = 1}, any[0], 1);
#elif defined MAPPED_FUTURE
  (void)client.map(number, std::vector<int>{1});
#elif defined DROPPED_FUTURE
  client.submit(inc, 1);
#elif defined DROPPED_INIT
  weft::init(0, nullptr);
#endif
}
