#include "bench/support/settings.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace bench {

namespace {

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string result;
  for (const auto& word : words)
    result += (result.empty() ? "" : between) + word;
  return result;
}

} // namespace

int settings::scaled(int count) const {
  return std::max(2, static_cast<int>(std::int64_t{count} * scale / 100));
}

bool settings::wants(const std::string& name) const {
  return names.empty() || contains(names, name);
}

settings read_settings(int argc, char** argv, const std::vector<std::string>& modes,
                       const std::vector<std::string>& workloads) {
  const std::string program = argc > 0 ? std::string{argv[0]} : "bench";
  const auto refuse = [&](const std::string& why, int status) {
    std::fprintf(status ? stderr : stdout, "%s%susage: %s%s%s [%s ...] [--repeat N] [--scale PERCENT]\n",
                 why.c_str(), why.empty() ? "" : "\n", program.substr(program.rfind('/') + 1).c_str(),
                 modes.empty() ? "" : " ", modes.empty() ? "" : ("[" + joined(modes, "|") + "]").c_str(),
                 joined(workloads, " ").c_str());
    std::exit(status);
  };
  settings result;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    int* number = word == "--repeat"   ? &result.repeat
                  : word == "--scale"  ? &result.scale
                  : word == "--single" ? &result.single
                                       : nullptr;
    if (word == "--help" || word == "-h") refuse("", 0);
    if (number) {
      const int least = number == &result.single ? 0 : 1;
      char* end = nullptr;
      const long read = i + 1 < argc ? std::strtol(argv[++i], &end, 10) : -1;
      if (!end || *end != '\0' || read < least || read > 1'000'000) refuse(word + " wants a number", 2);
      *number = static_cast<int>(read);
    } else if (contains(modes, word)) {
      result.modes.push_back(word);
    } else if (contains(workloads, word)) {
      result.names.push_back(word);
    } else {
      refuse("what is " + word + "?", 2);
    }
  }
  if (result.modes.empty()) result.modes = modes;
  return result;
}

} // namespace bench
