#include "api/src/worker_command.hpp"

#include <weft/worker.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::detail {

namespace {

constexpr const char* usage = "usage: --weft-worker ADDRESS [--nthreads N] [--nworkers N] [--name NAME] "
                              "[--key-file FILE] [--load LIBRARY]... [--insecure]\n";

constexpr std::uint32_t number_max = 1024; // of threads or workers

std::uint32_t number_in(std::string_view option, std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0 || number > number_max)
    throw std::invalid_argument(std::string(option) + " wants a number from 1 to " +
                                std::to_string(number_max) + ", not '" + std::string(text) + "'");
  return number;
}

struct command_line {
  bool help = false;
  std::string address;
  worker_options options;
};

command_line parse(const std::vector<std::string>& words) {
  command_line result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.empty() || word.front() != '-') {
      if (!result.address.empty()) throw std::invalid_argument("two addresses: " + words[i]);
      result.address = word;
      continue;
    }
    // --name bob, or --name=bob
    const std::size_t equals = word.find('=');
    const std::string_view argument = word.substr(0, equals);
    bool has_value = equals != std::string_view::npos;
    const auto value = [&]() -> std::string_view {
      if (std::exchange(has_value, false)) return word.substr(equals + 1);
      if (i + 1 == words.size()) throw std::invalid_argument(std::string(argument) + " wants a value");
      return words[++i];
    };
    if (argument == "--help" || argument == "-h")
      result.help = true;
    else if (argument == "--nthreads")
      result.options.threads = number_in(argument, value());
    else if (argument == "--nworkers")
      result.options.workers = number_in(argument, value());
    else if (argument == "--name")
      result.options.name = value();
    else if (argument == "--key-file")
      result.options.key_file = value();
    else if (argument == "--load")
      result.options.libraries.emplace_back(value());
    else if (argument == "--insecure")
      result.options.insecure = true;
    else
      throw std::invalid_argument("unknown option " + std::string(argument));
    if (has_value) throw std::invalid_argument(std::string(argument) + " takes no value");
  }
  if (result.address.empty() && !result.help)
    throw std::invalid_argument("the scheduler's address is missing");
  return result;
}

} // namespace

void run_worker_command(const std::vector<std::string>& words) {
  int code = 0;
  try {
    const command_line command = parse(words);
    if (!command.help)
      code = run_worker(command.address, command.options);
    else if (std::fputs(usage, stdout) < 0 || std::fflush(stdout) != 0)
      throw std::runtime_error("the output could not be written");
  } catch (const std::exception& error) {
    code = exit_code_for_exception();
    std::fprintf(stderr, "weft worker: %s\n%s", error.what(), code == 2 ? usage : "");
  }
  std::fflush(nullptr);
  // Static destructors of the program have nothing to do with a worker; its threads may still use what they
  // destroy.
  std::_Exit(code);
}

} // namespace weft::detail
