// Runs the tests of one program. What comes first makes the same program its own worker processes.

#include <weft/init.hpp>

#include <gtest/gtest.h>

int main(int argc, char** argv) {
  weft::init init{argc, argv};
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
