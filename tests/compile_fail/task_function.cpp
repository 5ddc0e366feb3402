// Calls of task functions: as it is, this compiles; each macro makes one call wrong.

#include <weft/detail/typed_body.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace weft::detail;

int inc(int x) {
  return x + 1;
}
int total(const std::vector<int>& numbers) {
  return static_cast<int>(numbers.size());
}
int change(int& x) {
  return ++x;
}
int consume(std::string&& text) {
  return static_cast<int>(text.size());
}
int own(std::unique_ptr<int> pointer) {
  return *pointer;
}
int look(const std::vector<std::unique_ptr<int>>& pointers) {
  return static_cast<int>(pointers.size());
}
int read_there(const int* at) {
  return *at;
}
int read_first(const char* text, const std::string&) {
  return *text;
}
int read_both(const std::string& text, const int* at) {
  return *at + text[0];
}

int main() {
  std::string text = "captured";
#if defined(WRONG_TYPE)
  make_body(inc, std::string("one"));
#elif defined(TOO_MANY)
  make_body(inc, 1, 2);
#elif defined(TOO_FEW)
  make_body(inc);
#elif defined(WRONG_INPUT)
  make_body(inc, input<std::string>{0});
#elif defined(WRONG_IN_CONTAINER)
  make_body(total, std::vector<input<std::string>>{{0}});
#elif defined(NOT_CALLABLE)
  make_body(1, 2);
#elif defined(REFERENCE_PARAMETER)
  make_body(change, 1);
#elif defined(MOVED_PARAMETER)
  make_body(consume, text);
#elif defined(MOVE_ONLY_PARAMETER)
  make_body(own, std::make_unique<int>(1));
#elif defined(MOVE_ONLY_IN_CONTAINER)
  make_body(look, std::vector<input<std::unique_ptr<int>>>{{0}});
#elif defined(STRING_CAPTURE)
  make_body([text] { return text; });
#elif defined(SHARED_CAPTURE)
  make_body([pointer = std::make_shared<int>(1)] { return *pointer; });
#elif defined(POINTER_ARGUMENT)
  const int here = 1;
  make_body(read_there, &here);
#elif defined(ARRAY_ARGUMENT)
  const int here[] = {1, 2};
  make_body(read_there, here);
#elif defined(LITERAL_AS_POINTER)
  make_body(read_first, "text", "text");
#elif defined(LITERAL_BESIDE_POINTER)
  const int here = 1;
  make_body(read_both, "text", &here);
#elif defined(MUTABLE_MOVE_ONLY)
  make_body(weft::in_process([pointer = std::make_unique<int>(1)]() mutable { return ++*pointer; }));
#else
  make_body(inc, 1);
  make_body(inc, input<int>{0});
  make_body(inc, 1.5); // converts, as in any call
  make_body(total, std::vector<input<int>>{{0}});
  make_body(weft::in_process([&text] { return text; }));
  make_body(weft::in_process(read_both), "text", static_cast<const int*>(nullptr));
  make_body([](int (*function)(int)) { return function(1); }, inc);
  make_body([](const std::string& both) { return both; }, "text");
  make_body([size = text.size()] { return size; });
#endif
}
