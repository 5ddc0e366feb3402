#include "tests/functions/common_lambda.hpp"
#include "tests/functions/library.hpp"

weft::detail::body_ptr library_b_common_task(int x) {
  return make_common_task(x);
}
