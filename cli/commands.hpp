#pragma once

#include <string>
#include <vector>

/// The subcommands of `weft`. Each takes what follows its name on the command line and returns the exit code;
/// it throws usage_error for a wrong command line, and otherwise what weft::exit_code_for_exception knows.
namespace weft_program {

int run_scheduler(const std::vector<std::string>& arguments);
int run_worker(const std::vector<std::string>& arguments);
int run_demo(const std::vector<std::string>& arguments);

} // namespace weft_program
