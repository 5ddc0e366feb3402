#include "cli/commands.hpp"
#include "cli/options.hpp"

#include <weft/errors.hpp>
#include <weft/init.hpp>
#include <weft/worker.hpp>

#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr const char* usage = R"(usage: weft COMMAND [OPTION]...

  weft scheduler         a scheduler that workers and clients connect to
  weft worker ADDRESS    a worker of the scheduler at ADDRESS
  weft demo              a small program, in this process and over worker processes
  weft --version

`weft COMMAND --help` tells more. A program linked with Weft that begins with weft::init is a worker with its own
functions when it is run as `program --weft-worker ADDRESS`.

Exit codes: 0 ok, 1 a task failed or the output was lost, 2 usage, 3 cannot connect, 4 timeout, 5 mismatch of builds.
)";

int run(const std::string& command, const std::vector<std::string>& arguments) {
  using namespace weft_program;
  if (command == "--help" || command == "-h" || command == "help") {
    std::cout << usage;
    return 0;
  }
  if (command == "--version") {
    std::cout << "weft " WEFT_VERSION "\n";
    return 0;
  }
  if (command == "scheduler") return run_scheduler(arguments);
  if (command == "worker") return run_worker(arguments);
  if (command == "demo") return run_demo(arguments);
  throw usage_error("there is no command '" + command + "'");
}

} // namespace

int main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  try {
    const weft::init init{argc, argv};
    if (argc < 2) {
      std::cerr << usage;
      return 2;
    }
    const int code = run(command, {argv + 2, argv + argc});
    if (!std::cout.flush())
      throw std::runtime_error("what it had to say could not be written to standard output");
    return code;
  } catch (const weft_program::usage_error& error) {
    std::cerr << "weft " << command << ": " << error.what()
              << "\n`weft --help` and `weft COMMAND --help` say more.\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "weft " << command << ": " << error.what() << '\n';
    return weft::exit_code_for_exception();
  }
}
