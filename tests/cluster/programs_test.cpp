// Programs as users write them, in awkward circumstances: user_program SITUATION.

#include "tests/cluster/child_process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

namespace weft {
namespace {

class programs : public ::testing::Test {
 protected:
  static std::string program(const std::string& name = "user_program") {
    return std::filesystem::path(test::own_program()).parent_path() / name;
  }
};

TEST_F(programs, killed_in_the_middle_leave_no_orphans_even_if_tasks_loop) {
  test::child_process parent{{program(), "spin"}};
  const pid_t one = std::stoi(parent.read_line());
  const pid_t two = std::stoi(parent.read_line());
  EXPECT_EQ(parent.read_line(), "spinning");
  parent.send_signal(SIGKILL);
  EXPECT_EQ(parent.wait().signal, SIGKILL);
  test::wait_until_gone(one);
  test::wait_until_gone(two);
}

TEST_F(programs, killed_leave_no_orphans_even_if_a_child_of_theirs_holds_their_sockets) {
  test::child_process parent{{program(), "forked"}};
  const pid_t one = std::stoi(parent.read_line());
  const pid_t two = std::stoi(parent.read_line());
  const pid_t child = std::stoi(parent.read_line());
  EXPECT_EQ(parent.read_line(), "spinning");
  parent.send_signal(SIGKILL);
  test::wait_until_gone(one);
  test::wait_until_gone(two);
  kill(child, SIGKILL);
  EXPECT_EQ(parent.wait().signal, SIGKILL);
}

TEST_F(programs, replaced_on_disk_still_run_as_their_own_workers) {
  const test::temporary_folder folder;
  const std::string copy = folder.file("program");
  std::filesystem::copy_file(program(), copy);
  const auto end = test::run({copy, "replaced"});
  EXPECT_EQ(end.output, "42\n") << end.errors;
}

TEST_F(programs, run_by_a_relative_name_still_find_themselves) {
  const std::filesystem::path whole = program();
  const auto end = test::run({"./" + whole.filename().string(), "elsewhere"},
                             {.path = "./" + whole.filename().string(), .directory = whole.parent_path()});
  EXPECT_EQ(end.output, "42\n") << end.errors;
}

TEST_F(programs, without_an_environment_still_run_as_their_own_workers) {
  const auto end = test::run({program(), "no_environment"});
  EXPECT_EQ(end.output, "42\n") << end.errors;
}

TEST_F(programs, that_have_closed_all_descriptors_print_into_nothing_of_wefts) {
  EXPECT_EQ(test::run({program(), "no_descriptors"}).exit_code, 0);
}

TEST_F(programs, without_init_are_told_what_is_missing) {
  const auto end = test::run({program(), "no_init"});
  EXPECT_NE(end.output.find("weft::init init{argc, argv};"), std::string::npos) << end.output;
}

TEST_F(programs, that_are_workers_cannot_start_processes) {
  const auto end = test::run({program(), "nested"});
  EXPECT_NE(end.output.find("a worker process cannot start"), std::string::npos) << end.output << end.errors;
}

TEST_F(programs, hear_in_words_of_a_worker_process_that_gets_too_few_threads_and_go_on) {
  const auto end = test::run({program("few_threads_program")});
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.output, "weft: the worker process bob ended at its start: exit code 1\n42\n") << end.errors;
  EXPECT_NE(end.errors.find("weft: worker bob cannot start a thread: "), std::string::npos) << end.errors;
}

TEST_F(programs, see_what_their_workers_print_with_the_workers_name) {
  const auto end = test::run({program(), "output"});
  EXPECT_NE(end.errors.find("worker-0: hello from a task\n"), std::string::npos) << end.errors;
  EXPECT_NE(end.errors.find("worker-0: and trouble\n"), std::string::npos) << end.errors;
}

TEST_F(programs, see_all_that_a_worker_prints_though_their_standard_error_takes_only_parts_of_it) {
  const auto end = test::run({program(), "slow_reader"});
  EXPECT_EQ(end.output, "100000\n") << end.errors;
}

TEST_F(programs, that_wait_without_workers_say_what_for_and_go_on_when_one_comes) {
  const auto end = test::run({program(), "no_workers"});
  EXPECT_EQ(end.exit_code, 0) << end.errors; // it has read what it was told
  EXPECT_NE(end.output.find("no result of inc-"), std::string::npos) << end.output;
  EXPECT_NE(end.output.find("\n42\n"), std::string::npos) << end.output;
}

TEST_F(programs, that_end_while_a_task_loops_end_the_worker_too) {
  test::child_process parent{{program(), "shutdown"}};
  const pid_t worker = std::stoi(parent.read_line());
  const auto end = parent.wait();
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_NE(end.errors.find("worker-0: weft: ends in the middle of endless\n"), std::string::npos)
      << end.errors;
  test::wait_until_gone(worker);
}

TEST_F(programs, see_the_beginning_of_a_line_while_the_rest_is_not_there) {
  const auto end = test::run({program(), "half_a_line"});
  EXPECT_EQ(end.output, "seen\n") << end.errors;
}

} // namespace
} // namespace weft
