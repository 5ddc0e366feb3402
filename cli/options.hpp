#pragma once

#include <boost/program_options.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace weft_program {

/// A command line that cannot be understood: exit code 2.
class usage_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The options of one subcommand, with `--help`.
class command_options {
 public:
  /// `usage` is what `--help` says first.
  explicit command_options(std::string usage);

  boost::program_options::options_description_easy_init add() { return visible_.add_options(); }
  /// An argument without a name.
  void add_positional(const char* name, const boost::program_options::value_semantic* value);

  /// Reads the command line; no abbreviations are guessed. Returns false if it was `--help`, which is then
  /// printed. Throws usage_error.
  bool parse(const std::vector<std::string>& arguments);

  bool has(const char* name) const { return values_.count(name) > 0; }

 private:
  std::string usage_;
  boost::program_options::options_description visible_{"options"};
  boost::program_options::options_description all_;
  boost::program_options::positional_options_description positional_;
  boost::program_options::variables_map values_;
};

} // namespace weft_program
