// A program whose workers ask for more threads than the system gives, which a test runs. Whatever limits
// there are, its processes start a hundred threads and no more: enough for all but a worker of five hundred.

#include <weft/weft.hpp>

#include <atomic>
#include <cerrno>
#include <dlfcn.h>
#include <iostream>
#include <pthread.h>

namespace {

std::atomic<int> threads_left{100};

int inc(int x) {
  return x + 1;
}

} // namespace

// The system's own, as all libraries of this process see it.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                              void* argument) noexcept {
  using starter = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static auto* const system = reinterpret_cast<starter*>(dlsym(RTLD_NEXT, "pthread_create"));
  return threads_left-- > 0 ? system(thread, attributes, run, argument) : EAGAIN;
}

int main(int argc, char** argv) {
  const weft::init init{argc, argv};
  weft::local_cluster cluster{{.workers = 1, .threads_per_worker = 1, .processes = true}};
  weft::client client{cluster};
  try {
    cluster.start_worker({.name = "bob", .threads = 500});
  } catch (const weft::error& why) {
    std::cout << why.what() << std::endl;
  }
  std::cout << client.submit(inc, 41).result() << std::endl;
}
