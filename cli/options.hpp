#pragma once

#include <boost/program_options.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft_program {

/// A command line that cannot be understood: exit code 2.
class usage_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The options of one subcommand, with `--help` and `-h`.
class command_options {
 public:
  /// `usage` is what `--help` says first.
  explicit command_options(std::string usage);

  boost::program_options::options_description_easy_init add() { return visible_.add_options(); }
  /// An argument without a name.
  void add_positional(const char* name, const boost::program_options::value_semantic* value);

  /// Reads the command line; no abbreviations are guessed. Returns false if it was one of those, which is
  /// then printed. Throws usage_error.
  bool parse(const std::vector<std::string>& arguments);

  bool has(const char* name) const { return values_.count(name) > 0; }

  /// The value of an option --`name`: a number from `least` to `most`, which goes to `target` (and is what it
  /// has already, if that is not 0, unless it is given). Anything else is a usage_error that says so.
  template <class Number>
  static boost::program_options::typed_value<std::string>* number(const std::string& name, Number& target,
                                                                  Number least, Number most) {
    auto* value = boost::program_options::value<std::string>();
    if (target != 0) value->default_value(std::to_string(target));
    value->notifier([=, to = &target](const std::string& text) {
      *to = static_cast<Number>(read_number(name, text, least, most));
    });
    return value;
  }

 private:
  static std::uint64_t read_number(const std::string& name, const std::string& text, std::uint64_t least,
                                   std::uint64_t most);

  std::string usage_;
  boost::program_options::options_description visible_{"options"};
  boost::program_options::options_description all_;
  boost::program_options::positional_options_description positional_;
  boost::program_options::variables_map values_;
};

} // namespace weft_program
