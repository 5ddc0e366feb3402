#include "tests/tidy/rules.hpp"

#include <gtest/gtest.h>

// Each rule finds the offence that is planted here, and lets pass what looks like one.
namespace weft::tidy {
namespace {

TEST(inclusions, are_found_in_both_spellings_and_nowhere_else) {
  const auto found =
      inclusions("#pragma once\n#include <vector>\n  # include \"runtime/a.hpp\" // why\nint include;\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "vector");
  EXPECT_FALSE(found[0].quoted);
  EXPECT_EQ(found[1].line, 3u);
  EXPECT_EQ(found[1].name, "runtime/a.hpp");
  EXPECT_TRUE(found[1].quoted);
}

TEST(include_upwards, finds_a_lower_layer_that_includes_a_higher_one) {
  const source_tree tree = {{"runtime/worker/w.cpp", "#include \"actors/shell.hpp\"\n"},
                            {"actors/shell.hpp", "#include <weft/client.hpp>\n"},
                            {"api/include/weft/client.hpp", "#include <vector>\n"}};
  EXPECT_EQ(include_upwards(tree),
            (offences{"actors/shell.hpp:1: includes api/include/weft/client.hpp, which lies above it",
                      "runtime/worker/w.cpp:1: includes actors/shell.hpp, which lies above it"}));
}

TEST(include_upwards, finds_a_program_that_includes_a_private_header) {
  const source_tree tree = {
      {"examples/010.cpp", "#include <weft/ids.hpp>\n#include \"runtime/core/text.hpp\"\n"},
      {"runtime/core/text.hpp", ""},
      {"runtime/include/weft/ids.hpp", ""}};
  EXPECT_EQ(include_upwards(tree),
            (offences{"examples/010.cpp:2: includes the private runtime/core/text.hpp"}));
}

TEST(include_upwards, lets_only_the_benchmark_of_a_machine_include_private_headers) {
  const source_tree tree = {{"bench/scheduler/a.cpp", "#include \"runtime/core/text.hpp\"\n"},
                            {"bench/workloads/b.cpp", "#include \"runtime/core/text.hpp\"\n"},
                            {"runtime/core/text.hpp", ""}};
  EXPECT_EQ(include_upwards(tree),
            (offences{"bench/workloads/b.cpp:1: includes the private runtime/core/text.hpp"}));
}

TEST(include_upwards, finds_a_source_that_includes_a_test) {
  const source_tree tree = {{"runtime/core/a.cpp", "#include \"tests/support/b.hpp\"\n"},
                            {"tests/support/b.hpp", ""}};
  EXPECT_EQ(include_upwards(tree).size(), 1u);
}

TEST(include_upwards, lets_each_layer_include_what_lies_below) {
  const source_tree tree = {
      {"api/src/client.cpp", "#include \"actors/node.hpp\"\n#include <weft/client.hpp>\n"},
      {"actors/node.hpp", "#include \"runtime/core/text.hpp\"\n"},
      {"runtime/core/text.hpp", "#include <string>\n"},
      {"api/include/weft/client.hpp", ""},
      {"tests/unit/a_test.cpp", "#include \"actors/node.hpp\"\n"}};
  EXPECT_EQ(include_upwards(tree), offences{});
}

TEST(public_header_includes, finds_system_private_and_foreign_headers) {
  const source_tree tree = {{"api/include/weft/a.hpp",
                             "#include <vector>\n#include <boost/asio.hpp>\n"
                             "#include <weft/b.hpp>\n#include <unistd.h>\n"
                             "#include \"runtime/core/text.hpp\"\n#include <caf/all.hpp>\n"},
                            {"api/include/weft/caf.hpp", "#include <caf/actor.hpp>\n"},
                            {"runtime/core/text.hpp", "#include <unistd.h>\n"}};
  EXPECT_EQ(public_header_includes(tree),
            (offences{"api/include/weft/a.hpp:2: a public header includes boost/asio.hpp",
                      "api/include/weft/a.hpp:4: a public header includes unistd.h",
                      "api/include/weft/a.hpp:5: a public header includes runtime/core/text.hpp",
                      "api/include/weft/a.hpp:6: a public header includes caf/all.hpp"}));
}

TEST(caf_outside_actors, finds_it_in_runtime_and_other_tests_but_not_in_actors) {
  const std::string text = "#include <caf/all.hpp>\n";
  const source_tree tree = {{"runtime/worker/a.cpp", text}, {"tests/unit/b.cpp", text},
                            {"tests/actors/c.cpp", text},   {"actors/d.cpp", text},
                            {"actors/README.md", text},     {"api/include/weft/caf.hpp", text}};
  EXPECT_EQ(caf_outside_actors(tree).size(), 2u);
}

TEST(machines_that_touch_the_world, finds_threads_clocks_and_files_outside_services) {
  const source_tree tree = {
      {"runtime/scheduler/a.cpp", "#include <thread>\nauto now = std::chrono::steady_clock::now();\n"},
      {"runtime/worker/b.hpp", "#include <vector>\n// not a steady_clock: `now` is an argument\n"},
      {"runtime/wire/c.cpp", "#include <sys/socket.h>\n"},
      {"runtime/services/d.cpp", "#include <thread>\n#include <fstream>\n"}};
  EXPECT_EQ(machines_that_touch_the_world(tree),
            (offences{"runtime/scheduler/a.cpp:1: includes <thread>; only services/ may",
                      "runtime/scheduler/a.cpp:2: names steady_clock; only services/ may",
                      "runtime/wire/c.cpp:1: includes <sys/socket.h>; only services/ may"}));
}

TEST(dead_files, finds_a_source_that_is_not_built_and_a_header_that_is_not_included) {
  const source_tree tree = {{"runtime/core/CMakeLists.txt", "target_sources(weft_runtime PRIVATE text.cpp)"},
                            {"runtime/core/text.cpp", "#include \"runtime/core/text.hpp\"\n"},
                            {"runtime/core/text.hpp", ""},
                            {"runtime/core/ext.cpp", ""},
                            {"runtime/core/lonely.hpp", "#include \"runtime/core/lonely.hpp\"\n"}};
  EXPECT_EQ(dead_files(tree), (offences{"runtime/core/ext.cpp: no CMakeLists.txt names it",
                                        "runtime/core/lonely.hpp: nothing includes it"}));
}

TEST(dead_files, counts_a_source_that_a_list_names_by_its_stem_or_from_above) {
  const source_tree tree = {{"examples/CMakeLists.txt", "foreach(name 010_notebook 020_word_count)"},
                            {"examples/010_notebook.cpp", ""},
                            {"api/CMakeLists.txt", "target_sources(weft PRIVATE src/client.cpp)"},
                            {"api/src/client.cpp", ""}};
  EXPECT_EQ(dead_files(tree), offences{});
}

TEST(unlisted_public_headers, finds_the_one_in_no_file_set) {
  const source_tree tree = {{"api/CMakeLists.txt", "FILES include/weft/client.hpp"},
                            {"api/include/weft/client.hpp", ""},
                            {"api/include/weft/cluster.hpp", ""}};
  EXPECT_EQ(unlisted_public_headers(tree),
            (offences{"api/include/weft/cluster.hpp: no CMakeLists.txt has it in a header file set"}));
}

TEST(long_files, finds_501_lines_unless_excused_and_excuses_that_are_not_needed) {
  const std::string long_text(501, '\n');
  const source_tree tree = {{"a.cpp", long_text}, {"b.cpp", long_text}, {"c.hpp", std::string(500, '\n')}};
  EXPECT_EQ(long_files(tree, "# path reason\nb.cpp one table\nc.hpp was longer once\nd.cpp gone\n"),
            (offences{"a.cpp: 501 lines; a second noun may be hiding in it",
                      "c.hpp: is excused for its length, but has only 500 lines",
                      "d.cpp: is excused for its length, but does not exist"}));
}

TEST(machine_paths, finds_a_home_and_lets_pass_a_folder_of_that_name) {
  const std::string home = std::string{"/ho"} + "me/";
  const source_tree tree = {
      {"a.cpp", "open(\"" + home + "ada/x\");\n"},
      {"b.cpp", "open(base + \"x" + home + "y\");\nopen(\"" + home + "someone/x\");\n"}};
  EXPECT_EQ(machine_paths(tree).size(), 1u);
}

TEST(switched_off, finds_tests_and_code_but_not_tests_that_ctest_runs_on_request) {
  const std::string test = std::string{"TEST(a, DISAB"} + "LED_b) {}\n";
  const source_tree tree = {{"tests/unit/a.cpp", test},
                            {"tests/unit/CMakeLists.txt", "add_test(NAME a COMMAND a)"},
                            {"tests/functions/b.cpp", test},
                            {"tests/functions/CMakeLists.txt", "COMMAND b --gtest_also_run_disabled_tests"},
                            {"runtime/c.cpp", std::string{"#if"} + " 0\n#endif\n"},
                            {"runtime/d.cpp", "#if 1\n#endif\n"}};
  EXPECT_EQ(switched_off(tree).size(), 2u);
}

TEST(sleeping_tests, finds_calls_and_commands_in_tests_only) {
  const std::string call = std::string{"std::this_thread::sleep"} + "_for(1s);\n";
  const source_tree tree = {{"tests/a.cpp", call},
                            {"examples/b.cpp", call},
                            {"tests/c.sh", std::string{"sle"} + "ep 1\n"},
                            {"tests/d.cpp", "// threads that sleep are fine\n"}};
  EXPECT_EQ(sleeping_tests(tree).size(), 2u);
}

TEST(folders_without_readme, wants_one_in_each_top_folder_and_each_part_of_runtime) {
  const source_tree tree = {{"runtime/README.md", ""},
                            {"runtime/core/a.cpp", ""},
                            {"runtime/include/weft/b.hpp", ""},
                            {"tests/unit/c.cpp", ""},
                            {"tests/README.md", ""},
                            {"cli/main.cpp", ""},
                            {"CMakeLists.txt", ""},
                            {".ci/run", ""}};
  EXPECT_EQ(folders_without_readme(tree),
            (offences{"cli: has no README.md", "runtime/core: has no README.md"}));
}

} // namespace
} // namespace weft::tidy
