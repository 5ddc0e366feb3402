#pragma once

#include <csignal>
#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

namespace weft::test {

/// A program that a test runs, with its output on pipes. Every wait has a generous deadline that ends only a
/// test that has failed already: it throws std::runtime_error.
class child_process {
 public:
  struct options {
    std::string path = {};                     ///< what is executed; empty: the first argument
    std::string directory = {};                ///< where it runs; empty: here
    std::vector<std::string> environment = {}; ///< added to the test's own, "NAME=VALUE"
  };

  explicit child_process(std::vector<std::string> arguments)
      : child_process(std::move(arguments), options{}) {}
  child_process(std::vector<std::string> arguments, const options& how);
  /// Kills it if it still runs.
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  pid_t pid() const noexcept { return pid_; }
  void send_signal(int number) const { kill(pid_, number); }
  /// The next line of its standard output, without the line end.
  std::string read_line();

  struct ending {
    int exit_code = -1; ///< -1: a signal ended it
    int signal = 0;
    std::string output; ///< the rest of it
    std::string errors; ///< all that it wrote to standard error
  };
  /// Waits until it has ended.
  ending wait();

 private:
  pid_t pid_ = 0;
  int output_ = -1;
  std::string read_; ///< of the output, not handed out yet
  std::string errors_file_;
  bool ended_ = false;
};

/// Runs a program to its end.
child_process::ending run(std::vector<std::string> arguments, const child_process::options& how = {});

/// Waits until there is no process of this number, whoever's child it is.
void wait_until_gone(pid_t process);

/// The folder of the programs that the build has made, and this test's own program.
std::string program_folder();
std::string own_program();

/// A folder of its own, removed with all that is in it.
class temporary_folder {
 public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  std::string file(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

} // namespace weft::test
