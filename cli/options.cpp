#include "cli/options.hpp"

#include <charconv>
#include <iostream>
#include <system_error>
#include <utility>

namespace weft_program {

namespace po = boost::program_options;

namespace {

constexpr const char* surplus = "surplus argument";

} // namespace

command_options::command_options(std::string usage) : usage_(std::move(usage)) {
  visible_.add_options()("help,h", "say this and end");
}

void command_options::add_positional(const char* name, const po::value_semantic* value) {
  all_.add_options()(name, value);
  positional_.add(name, 1);
}

bool command_options::parse(const std::vector<std::string>& arguments) {
  all_.add(visible_);
  // So that what is too much can be named.
  all_.add_options()(surplus, po::value<std::vector<std::string>>());
  positional_.add(surplus, -1);
  try {
    const auto style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments).options(all_).positional(positional_).style(style).run(),
              values_);
    if (has("help")) {
      std::cout << usage_ << "\n\n" << visible_;
      return false;
    }
    if (has(surplus))
      throw usage_error("nothing is done with '" + values_[surplus].as<std::vector<std::string>>().front() +
                        "'");
    po::notify(values_);
  } catch (const po::required_option& missing) {
    throw usage_error("the argument " + missing.get_option_name().substr(2) + " is missing");
  } catch (const po::error& error) {
    throw usage_error(error.what());
  }
  return true;
}

std::uint64_t command_options::read_number(const std::string& name, const std::string& text,
                                           std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
    throw usage_error("--" + name + " wants a number from " + std::to_string(least) + " to " +
                      std::to_string(most) + ", not '" + text + "'");
  return number;
}

} // namespace weft_program
