#pragma once

#include <cstddef>
#include <pthread.h>

namespace weft::test {

/// While it lives the process starts no further thread: each would want a stack of half the address space.
class no_more_threads {
 public:
  no_more_threads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t too_much = before_;
    pthread_attr_setstacksize(&too_much, std::size_t{1} << 46);
    pthread_setattr_default_np(&too_much);
  }
  ~no_more_threads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  no_more_threads(const no_more_threads&) = delete;
  no_more_threads& operator=(const no_more_threads&) = delete;

 private:
  pthread_attr_t before_;
};

} // namespace weft::test
