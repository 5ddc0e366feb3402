#include "cli/options.hpp"

#include <iostream>
#include <utility>

namespace weft_program {

namespace po = boost::program_options;

command_options::command_options(std::string usage) : usage_(std::move(usage)) {
  visible_.add_options()("help", "say this and end");
}

void command_options::add_positional(const char* name, const po::value_semantic* value) {
  all_.add_options()(name, value);
  positional_.add(name, 1);
}

bool command_options::parse(const std::vector<std::string>& arguments) {
  all_.add(visible_);
  try {
    const auto style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments).options(all_).positional(positional_).style(style).run(),
              values_);
    if (has("help")) {
      std::cout << usage_ << "\n\n" << visible_;
      return false;
    }
    po::notify(values_);
  } catch (const po::error& error) {
    throw usage_error(error.what());
  }
  return true;
}

} // namespace weft_program
