// What the programs do with their command lines: every option is in --help, whatever makes no sense is
// refused with exit code 2 and a sentence that names it, and addresses off this machine need --insecure.

#include "tests/cluster/child_process.hpp"

#include <weft/scheduler.hpp>
#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft {
namespace {

using namespace std::chrono_literals;

using words = std::vector<std::string>;

std::string program(const std::string& name) {
  return test::program_folder() + '/' + name;
}

const words examples{"010_notebook", "020_word_count", "030_columns", "040_errors"};

void expect_refused(const words& command, const std::string& sentence) {
  const auto end = test::run(command);
  EXPECT_EQ(end.exit_code, 2) << end.errors;
  EXPECT_NE(end.errors.find(sentence), std::string::npos) << end.errors;
  EXPECT_EQ(end.output, "");
}

/// A scheduler on loopback. Its port is reached by way of 0.0.0.0 too, which could mean any machine.
class command_lines : public ::testing::Test {
 protected:
  const test::temporary_folder folder_;
  const std::string key_file_ = folder_.file("cluster.key");
  const scheduler scheduler_{{.port = 0, .key_file = key_file_}};
  const std::string elsewhere_ = "0.0.0.0" + scheduler_.address().substr(scheduler_.address().rfind(':'));
  const std::string refused_ = "cannot connect to " + elsewhere_ + ": it is not on this machine";
};

TEST_F(command_lines, help_is_the_same_for_its_short_form_and_has_all_options) {
  struct wanted {
    words command;
    words options;
  };
  std::vector<wanted> programs{
      {{program("weft")}, {"scheduler", "worker", "demo", "--version"}},
      {{program("weft"), "scheduler"}, {"--host", "--port", "--key-file", "--insecure"}},
      {{program("weft"), "worker"},
       {"--nthreads", "--nworkers", "--name", "--load", "--key-file", "--insecure"}},
      {{program("weft"), "demo"}, {"--help"}},
      {{program("010_notebook"), "--weft-worker"},
       {"--nthreads", "--nworkers", "--name", "--load", "--key-file", "--insecure"}}};
  for (const auto& example : examples)
    programs.push_back(
        {{program(example)}, {"--processes", "--connect", "--insecure", "--help", "--weft-worker"}});
  programs.push_back({{program("010_notebook")}, {"--sleep"}});
  programs.push_back({{program("020_word_count")}, {"FILE"}});
  for (auto& [command, options] : programs) {
    words in_short = command;
    in_short.push_back("-h");
    command.push_back("--help");
    const auto said = test::run(command);
    EXPECT_EQ(said.exit_code, 0) << said.errors;
    for (const auto& option : options)
      EXPECT_NE(said.output.find(option), std::string::npos) << option << " is not in\n" << said.output;
    EXPECT_EQ(test::run(in_short).output, said.output);
  }
}

TEST_F(command_lines, of_examples_that_make_no_sense_are_refused) {
  for (const auto& example : examples) {
    if (example != "020_word_count") expect_refused({program(example), "surplus"}, "'surplus'");
    if (example != "010_notebook") expect_refused({program(example), "--sleep"}, "--sleep");
    expect_refused({program(example), "--processes", "--connect", "127.0.0.1:1"},
                   "--processes and --connect exclude each other");
    expect_refused({program(example), "--insecure"}, "--insecure");
  }
}

TEST_F(command_lines, of_weft_that_say_too_much_are_refused_by_the_word) {
  expect_refused({program("weft"), "scheduler", "extra"}, "nothing is done with 'extra'");
  expect_refused({program("weft"), "worker", "127.0.0.1:1", "second"}, "nothing is done with 'second'");
  expect_refused({program("weft"), "demo", "loud"}, "nothing is done with 'loud'");
}

TEST_F(command_lines, a_host_whose_name_is_not_found_is_told_so) {
  const auto end = test::run({program("weft"), "scheduler", "--host", "no-such-host.invalid", "--port", "0",
                              "--key-file", key_file_});
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_NE(end.errors.find("cannot find no-such-host.invalid"), std::string::npos) << end.errors;
}

TEST_F(command_lines, of_a_scheduler_with_an_empty_host_are_refused) {
  expect_refused({program("weft"), "scheduler", "--host", "", "--port", "0", "--key-file", key_file_},
                 "the host is empty");
  EXPECT_THROW((scheduler{{.host = "", .port = 0, .key_file = key_file_}}), std::invalid_argument);
}

TEST_F(command_lines, a_key_that_cannot_be_made_is_told_with_exit_code_3) {
  const auto end = test::run({"/usr/bin/env", "-u", "WEFT_KEY_FILE", "-u", "XDG_CONFIG_HOME", "HOME=/proc",
                              program("weft"), "scheduler", "--port", "0"});
  EXPECT_EQ(end.exit_code, 3) << end.errors;
  EXPECT_NE(end.errors.find("the cluster's key, /proc/.config/weft/cluster.key, cannot be made: "
                            "the folder /proc/.config: "),
            std::string::npos)
      << end.errors;
}

TEST_F(command_lines, whose_output_is_lost_end_with_a_sentence_and_exit_code_1) {
  const auto expect_told = [](const std::vector<std::string>& command) {
    for (const std::string lost : {" >/dev/full", " >&-"}) {
      std::vector<std::string> words{"/bin/sh", "-c", "\"$0\" \"$@\"" + lost};
      words.insert(words.end(), command.begin(), command.end());
      const auto end = test::run(words);
      EXPECT_EQ(end.exit_code, 1) << command.front() << lost << '\n' << end.errors;
      EXPECT_NE(end.errors.find("could not be written"), std::string::npos) << command.front() << lost;
    }
  };
  expect_told({program("weft"), "--help"});
  expect_told({program("weft"), "demo"});
  expect_told({program("weft"), "worker", "--help"});
  expect_told({program("040_errors"), "--help"});
  expect_told({program("040_errors")});
  expect_told({program("040_errors"), "--weft-worker", "--help"});
}

TEST_F(command_lines, an_address_off_this_machine_needs_insecure) {
  expect_refused({program("weft"), "worker", elsewhere_, "--key-file", key_file_}, refused_);
  expect_refused({program("040_errors"), "--weft-worker", elsewhere_, "--key-file", key_file_}, refused_);
  setenv("WEFT_KEY_FILE", key_file_.c_str(), 1);
  expect_refused({program("040_errors"), "--connect", elsewhere_}, refused_);
  try {
    client{elsewhere_, {.key_file = key_file_}};
    ADD_FAILURE() << "did not throw";
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).rfind(refused_, 0), 0u) << error.what();
  }
}

TEST_F(command_lines, a_value_that_is_missing_or_too_much_is_named) {
  expect_refused({program("040_errors"), "--weft-worker=", "--name=bob"},
                 "the scheduler's address is missing");
  expect_refused({program("040_errors"), "--weft-worker", elsewhere_, "--insecure=yes"},
                 "--insecure takes no value");
  for (const std::vector<std::string>& worker :
       {std::vector<std::string>{program("040_errors"), "--weft-worker"}, {program("weft"), "worker"}}) {
    std::vector<std::string> words = worker;
    words.insert(words.end(), {"127.0.0.1:1", "--key-file", key_file_, "--load", ""});
    expect_refused(words, "the library to load has no name");
  }
}

TEST_F(command_lines, a_key_is_not_looked_for_before_the_address_makes_sense) {
  const std::string none = folder_.file("none.key");
  expect_refused({program("weft"), "worker", "192.0.2.1:80", "--key-file", none}, "192.0.2.1:80");
  expect_refused({program("weft"), "worker", "127.0.0.1:0", "--key-file", none}, "port 0");
}

TEST_F(command_lines, with_insecure_an_address_off_this_machine_is_connected_to) {
  const client client{elsewhere_, {.key_file = key_file_, .insecure = true}};
  test::child_process one{{program("weft"), "worker", elsewhere_, "--key-file", key_file_, "--insecure"}};
  test::child_process other{
      {program("040_errors"), "--weft-worker=" + elsewhere_, "--key-file=" + key_file_, "--insecure"}};
  weft::client{elsewhere_, {.key_file = key_file_, .insecure = true}}.wait_for_workers(2, 30s);
  setenv("WEFT_KEY_FILE", key_file_.c_str(), 1);
  const auto example = test::run({program("040_errors"), "--connect", elsewhere_, "--insecure"});
  EXPECT_EQ(example.exit_code, 0) << example.errors;
  for (auto* worker : {&one, &other}) {
    worker->send_signal(SIGTERM);
    EXPECT_EQ(worker->wait().exit_code, 0);
  }
}

TEST_F(command_lines, port_0_is_no_address_of_a_scheduler) {
  expect_refused({program("weft"), "worker", "127.0.0.1:0", "--key-file", key_file_}, "port 0");
  EXPECT_THROW((client{"127.0.0.1:0", {.key_file = key_file_}}), std::invalid_argument);
}

TEST_F(command_lines, a_key_file_in_a_folder_that_does_not_exist_is_refused_by_name) {
  const std::string missing = folder_.file("mistyped");
  const auto end =
      test::run({program("weft"), "scheduler", "--port", "0", "--key-file", missing + "/cluster.key"});
  EXPECT_EQ(end.exit_code, 3) << end.errors;
  EXPECT_NE(end.errors.find("there is no folder " + missing), std::string::npos) << end.errors;
  EXPECT_FALSE(std::filesystem::exists(missing));
}

} // namespace
} // namespace weft
