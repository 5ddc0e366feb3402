#include "tests/tidy/rules.hpp"

#include <gtest/gtest.h>

// This repository keeps the rules of rules.hpp.
namespace weft::tidy {
namespace {

const source_tree& this_tree() {
  static const source_tree tree = read_tree(WEFT_SOURCE_DIRECTORY);
  return tree;
}

testing::AssertionResult none(const offences& found) {
  auto result = found.empty() ? testing::AssertionSuccess() : testing::AssertionFailure();
  for (const auto& offence : found)
    result << '\n' << offence;
  return result;
}

TEST(tree, is_the_one_that_was_built) {
  EXPECT_TRUE(this_tree().contains("tests/tidy/tree_test.cpp"));
  EXPECT_TRUE(this_tree().contains("runtime/include/weft/errors.hpp"));
}

TEST(tree, includes_point_downwards) {
  EXPECT_TRUE(none(include_upwards(this_tree())));
}

TEST(tree, public_headers_need_only_the_standard_library) {
  EXPECT_TRUE(none(public_header_includes(this_tree())));
}

TEST(tree, caf_stays_in_actors) {
  EXPECT_TRUE(none(caf_outside_actors(this_tree())));
}

TEST(tree, machines_have_no_threads_clock_chance_files_or_sockets) {
  EXPECT_TRUE(none(machines_that_touch_the_world(this_tree())));
}

TEST(tree, every_file_is_built_or_included) {
  EXPECT_TRUE(none(dead_files(this_tree())));
}

TEST(tree, every_public_header_is_checked_to_compile_alone) {
  EXPECT_TRUE(none(unlisted_public_headers(this_tree())));
}

TEST(tree, files_stay_within_500_lines) {
  EXPECT_TRUE(none(long_files(this_tree(), this_tree().at("tests/tidy/long_files.txt"))));
}

TEST(tree, names_no_path_of_one_machine) {
  EXPECT_TRUE(none(machine_paths(this_tree())));
}

TEST(tree, nothing_is_switched_off) {
  EXPECT_TRUE(none(switched_off(this_tree())));
}

TEST(tree, no_test_sleeps) {
  EXPECT_TRUE(none(sleeping_tests(this_tree())));
}

TEST(tree, every_folder_says_what_lives_there) {
  EXPECT_TRUE(none(folders_without_readme(this_tree())));
}

} // namespace
} // namespace weft::tidy
