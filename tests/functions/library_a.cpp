#include "tests/functions/common_lambda.hpp"
#include "tests/functions/library.hpp"

using weft::detail::body_ptr;
using weft::detail::make_body;

namespace {
int hidden_function(int x) {
  return x + 20;
}
} // namespace

int library_function(int x) {
  return x + 1;
}

body_ptr library_a_common_task(int x) {
  return make_common_task(x);
}

body_ptr library_a_lambda_task(int x) {
  return make_body([k = 10](int y) { return y + k; }, x);
}

body_ptr library_a_pointer_task(int x) {
  return make_body(hidden_function, x);
}
