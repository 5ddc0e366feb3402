#include "tests/functions/trial_link.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

/// The parent runs the tests; with --worker it is the other side.
int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--worker") return weft::trial::serve(std::atoi(argv[2]));
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
