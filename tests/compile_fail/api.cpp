// Wrong uses of the API, each of which has to be refused in a sentence.

#include <weft/weft.hpp>

#include <memory>
#include <vector>

int inc(int x) {
  return x + 1;
}
int read_there(const int* at) {
  return *at;
}
void nothing() {}
std::unique_ptr<int> make_number() {
  return std::make_unique<int>(1);
}

void wrong_calls(weft::client& client) {
  auto number = client.submit(inc, 1);
  auto unique = client.submit(make_number);
  auto done = client.submit(nothing);
  std::vector<weft::future<std::unique_ptr<int>>> uniques;
  client.submit({.retries = 1}, inc, number);
  unique.result();
  unique.take();
#if defined WRONG_ARGUMENT
  client.submit(inc, std::vector<int>{1});
#elif defined WRONG_FUTURE
  client.submit(inc, unique);
#elif defined RESULT_OF_A_TEMPORARY
  client.submit(make_number).result();
#elif defined GATHER_MOVE_ONLY
  client.gather(uniques);
#elif defined VOID_ARGUMENT
  client.submit(inc, done);
#elif defined VOID_FOR_ANY_TYPE
  client.submit([](auto x) { return x + 1; }, done);
#elif defined VOID_IN_CONTAINER
  client.submit([](const auto& all) { return all.size(); }, std::vector<weft::future<void>>{done});
#elif defined MAPPED_VOIDS
  client.map(inc, std::vector<weft::future<void>>{done});
#elif defined POINTER_ARGUMENT
  const int here = 1;
  client.submit(read_there, &here);
#elif defined MAPPED_POINTERS
  client.map(read_there, std::vector<const int*>{nullptr});
#elif defined MAP_OF_A_NUMBER
  client.map(inc, 1);
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
#elif defined COMPLETION_OF_A_NUMBER
  weft::as_completed completed{5};
#elif defined COPIED_MOVE_ONLY_ARGUMENT
  const auto argument = make_number();
  client.submit([](const std::unique_ptr<int>& at) { return *at; }, argument);
#elif defined SCATTER_A_POINTER
  client.scatter("text");
#endif
}
