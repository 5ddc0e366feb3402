#include "tests/transcripts/stage.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// play_transcript KIND FILE [--record]: tells a machine the story in the file and compares its answers.
//
// A transcript is a list of blocks with an empty line between them. A block is what the machine hears, a line
// "----", and what it answers. Lines that begin with # are for people. --record writes down the present
// answers.
namespace {

using namespace weft::test;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read it");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  return lines;
}

std::unique_ptr<stage> make_stage(std::string_view kind) {
  if (kind == "scheduler") return make_scheduler_stage();
  if (kind == "worker") return make_worker_stage();
  if (kind == "holder") return make_holder_stage();
  throw std::runtime_error("there are transcripts of scheduler, worker and holder");
}

// The same lines with the present answers in the place of those that stood there.
std::vector<std::string> play(const std::vector<std::string>& lines, stage& machine) {
  std::vector<std::string> played;
  bool answers = false;
  bool heard = false;
  for (const std::string& line : lines) {
    if (line.empty()) {
      if (heard) throw std::runtime_error("a block ends without ----");
      answers = false;
    }
    if (answers && !line.starts_with('#')) continue;
    played.push_back(line);
    if (line.empty() || line.starts_with('#')) continue;
    if (line == "----") {
      for (const std::string& answer : machine.answers())
        played.push_back(answer);
      answers = true;
      heard = false;
    } else {
      heard = true;
      try {
        machine.hear(line);
      } catch (const std::runtime_error& problem) {
        throw std::runtime_error("\"" + line + "\": " + problem.what());
      }
    }
  }
  if (heard) throw std::runtime_error("a block ends without ----");
  return played;
}

int compare(const std::string& path, const std::vector<std::string>& expected,
            const std::vector<std::string>& played) {
  for (std::size_t i = 0; i < std::max(expected.size(), played.size()); ++i) {
    const std::string_view wanted = i < expected.size() ? std::string_view(expected[i]) : "(the end)";
    const std::string_view said = i < played.size() ? std::string_view(played[i]) : "(the end)";
    if (wanted == said) continue;
    std::printf("%s:%zu:\n  the transcript says  %.*s\n  the machine says     %.*s\n", path.c_str(), i + 1,
                static_cast<int>(wanted.size()), wanted.data(), static_cast<int>(said.size()), said.data());
    return 1;
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const bool record = argc == 4 && std::string_view(argv[3]) == "--record";
  if (argc != 3 && !record) {
    std::fprintf(stderr, "usage: play_transcript scheduler|worker|holder FILE [--record]\n");
    return 2;
  }
  const std::string path = argv[2];
  try {
    const std::vector<std::string> lines = lines_of(path);
    const std::vector<std::string> played = play(lines, *make_stage(argv[1]));
    if (!record) return compare(path, lines, played);
    std::ofstream file(path);
    for (const std::string& line : played)
      file << line << '\n';
    return file.flush() ? 0 : 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), problem.what());
    return 1;
  }
}
