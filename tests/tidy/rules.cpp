#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace weft::tidy {

namespace {

bool is_header(std::string_view path) {
  return path.ends_with(".hpp");
}
bool is_cpp(std::string_view path) {
  return path.ends_with(".cpp");
}
bool is_source(std::string_view path) {
  return is_header(path) || is_cpp(path);
}
bool is_public_header(std::string_view path) {
  return is_header(path) && path.find("/include/") != path.npos;
}

std::string folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string{slash == path.npos ? "" : path.substr(0, slash)};
}

std::string name_of(std::string_view path) {
  return std::string{path.substr(path.rfind('/') + 1)};
}

std::string at(const std::string& path, std::size_t line) {
  return path + ':' + std::to_string(line) + ": ";
}

void for_each_line(const std::string& text,
                   const std::function<void(std::size_t, const std::string&)>& visit) {
  std::istringstream lines{text};
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number)
    visit(number, line);
}

// The order of the layers; what has no layer (tests) may include everything.
std::optional<int> layer_of(std::string_view path) {
  constexpr std::array<std::string_view, 3> below = {"runtime/", "actors/", "api/"};
  for (std::size_t i = 0; i < below.size(); ++i)
    if (path.starts_with(below[i])) return static_cast<int>(i);
  for (std::string_view top : {"cli/", "examples/", "bench/"})
    if (path.starts_with(top)) return 3;
  return std::nullopt;
}

// What measures a machine by itself needs the machine.
bool uses_only_public_headers(std::string_view path) {
  return layer_of(path) == 3 && !path.starts_with("bench/scheduler/");
}

// The file in the tree that an #include means, if it is one of ours: from the root, next to the includer, or
// public.
std::optional<std::string> resolve(const source_tree& tree, const std::string& includer,
                                   const inclusion& include) {
  const std::string beside = folder_of(includer) + '/' + include.name;
  for (const std::string& path :
       {include.name, beside, "runtime/include/" + include.name, "api/include/" + include.name})
    if (tree.contains(path)) return path;
  return std::nullopt;
}

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

bool contains_word(std::string_view text, std::string_view word) {
  for (auto found = text.find(word); found != text.npos; found = text.find(word, found + 1)) {
    const auto end = found + word.size();
    if ((found == 0 || !is_word_character(text[found - 1])) &&
        (end == text.size() || !is_word_character(text[end])))
      return true;
  }
  return false;
}

// Whether a CMakeLists.txt in the file's folder or above it names it, with or without its ending.
bool named_in_cmake(const source_tree& tree, const std::string& path) {
  const std::string name = name_of(path);
  const std::string stem = name.substr(0, name.rfind('.'));
  for (std::string folder = folder_of(path);; folder = folder_of(folder)) {
    const auto found = tree.find(folder.empty() ? "CMakeLists.txt" : folder + "/CMakeLists.txt");
    if (found != tree.end() && contains_word(found->second, stem)) return true;
    if (folder.empty()) return false;
  }
}

} // namespace

source_tree read_tree(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  const std::set<std::string> endings = {".cpp", ".hpp", ".txt", ".cmake", ".md", ".json", ".sh", ".in", ""};
  source_tree tree;
  for (auto entry = fs::recursive_directory_iterator{root}; entry != fs::recursive_directory_iterator{};
       ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory()) {
      const bool at_root = entry.depth() == 0;
      if ((name.starts_with(".") && name != ".ci") || (at_root && name.starts_with("build")))
        entry.disable_recursion_pending();
    } else if (name == ".git") {
      continue; // a file, in a worktree, that names the repository's path
    } else if (entry->is_regular_file() && endings.contains(entry->path().extension().string())) {
      std::ifstream file{entry->path(), std::ios::binary};
      std::ostringstream text;
      if (!(text << file.rdbuf()) && fs::file_size(entry->path()) != 0)
        throw std::runtime_error("cannot read " + entry->path().string());
      tree.emplace(fs::relative(entry->path(), root).generic_string(), text.str());
    }
  }
  return tree;
}

std::vector<inclusion> inclusions(const std::string& text) {
  std::vector<inclusion> found;
  for_each_line(text, [&](std::size_t number, const std::string& line) {
    auto i = line.find_first_not_of(" \t");
    if (i == line.npos || line[i] != '#') return;
    i = line.find_first_not_of(" \t", i + 1);
    if (i == line.npos || line.compare(i, 7, "include") != 0) return;
    i = line.find_first_of("<\"", i + 7);
    if (i == line.npos) return;
    const bool quoted = line[i] == '"';
    const auto end = line.find(quoted ? '"' : '>', i + 1);
    if (end != line.npos) found.push_back({number, line.substr(i + 1, end - i - 1), quoted});
  });
  return found;
}

offences include_upwards(const source_tree& tree) {
  offences found;
  for (const auto& [path, text] : tree) {
    const auto layer = layer_of(path);
    if (!is_source(path) || !layer) continue;
    for (const auto& include : inclusions(text)) {
      const auto target = resolve(tree, path, include);
      if (!target) continue;
      const auto target_layer = layer_of(*target);
      if (!target_layer)
        found.push_back(at(path, include.line) + "includes a part of the tests, " + include.name);
      else if (*target_layer > *layer)
        found.push_back(at(path, include.line) + "includes " + *target + ", which lies above it");
      else if (uses_only_public_headers(path) && *target_layer < 3 && !is_public_header(*target))
        found.push_back(at(path, include.line) + "includes the private " + include.name);
    }
  }
  return found;
}

offences public_header_includes(const source_tree& tree) {
  offences found;
  for (const auto& [path, text] : tree) {
    if (!is_public_header(path)) continue;
    for (const auto& include : inclusions(text)) {
      const bool standard = include.name.find_first_of("/.") == include.name.npos;
      const bool caf = name_of(path) == "caf.hpp" && include.name.starts_with("caf/");
      if (include.quoted || !(standard || include.name.starts_with("weft/") || caf))
        found.push_back(at(path, include.line) + "a public header includes " + include.name);
    }
  }
  return found;
}

offences caf_outside_actors(const source_tree& tree) {
  offences found;
  for (const auto& [path, text] : tree) {
    const bool allowed = path.starts_with("actors/") || path.starts_with("tests/actors/") ||
                         path == "api/include/weft/caf.hpp";
    if (!is_source(path) || allowed) continue;
    for (const auto& include : inclusions(text))
      if (include.name.starts_with("caf/"))
        found.push_back(at(path, include.line) + "includes <" + include.name + "> outside actors/");
  }
  return found;
}

offences machines_that_touch_the_world(const source_tree& tree) {
  const std::set<std::string> headers = {"thread",   "mutex",      "shared_mutex", "condition_variable",
                                         "future",   "stop_token", "semaphore",    "latch",
                                         "fstream",  "filesystem", "random",       "unistd.h",
                                         "iostream", "poll.h",     "fcntl.h"};
  const std::vector<std::string> words = {"system_clock", "steady_clock", "high_resolution_clock",
                                          "random_device"};
  offences found;
  for (const auto& [path, text] : tree) {
    if (!is_source(path) || !path.starts_with("runtime/")) continue;
    if (path.starts_with("runtime/services/") || path.starts_with("runtime/include/")) continue;
    for (const auto& include : inclusions(text)) {
      const bool nonce = path.starts_with("runtime/wire/hello") && include.name == "sys/random.h";
      const bool system =
          (include.name.starts_with("sys/") && !nonce) || include.name.starts_with("boost/asio");
      if (system || headers.contains(include.name))
        found.push_back(at(path, include.line) + "includes <" + include.name + ">; only services/ may");
    }
    for_each_line(text, [&](std::size_t number, const std::string& line) {
      const std::string_view code = std::string_view{line}.substr(0, line.find("//"));
      for (const auto& word : words)
        if (contains_word(code, word))
          found.push_back(at(path, number) + "names " + word + "; only services/ may");
    });
  }
  return found;
}

offences dead_files(const source_tree& tree) {
  std::set<std::string> included;
  for (const auto& [path, text] : tree)
    if (is_source(path))
      for (const auto& include : inclusions(text))
        if (auto target = resolve(tree, path, include); target && target != path) included.insert(*target);
  offences found;
  for (const auto& [path, text] : tree) {
    if (is_header(path) && !included.contains(path)) found.push_back(path + ": nothing includes it");
    if (is_cpp(path) && !named_in_cmake(tree, path)) found.push_back(path + ": no CMakeLists.txt names it");
  }
  return found;
}

offences unlisted_public_headers(const source_tree& tree) {
  offences found;
  for (const auto& [path, text] : tree) {
    if (!is_public_header(path)) continue;
    const auto include = path.find("/include/");
    const auto lists = tree.find(path.substr(0, include) + "/CMakeLists.txt");
    if (lists == tree.end() || lists->second.find(path.substr(include + 1)) == std::string::npos)
      found.push_back(path + ": no CMakeLists.txt has it in a header file set");
  }
  return found;
}

offences long_files(const source_tree& tree, const std::string& justified) {
  constexpr std::ptrdiff_t limit = 500;
  std::set<std::string> excused;
  for_each_line(justified, [&](std::size_t, const std::string& line) {
    if (!line.empty() && line[0] != '#') excused.insert(line.substr(0, line.find(' ')));
  });
  offences found;
  for (const auto& [path, text] : tree) {
    if (!is_source(path)) continue;
    const auto lines = std::count(text.begin(), text.end(), '\n');
    const bool is_excused = excused.erase(path) != 0;
    if (lines > limit && !is_excused)
      found.push_back(path + ": " + std::to_string(lines) + " lines; a second noun may be hiding in it");
    if (lines <= limit && is_excused)
      found.push_back(path + ": is excused for its length, but has only " + std::to_string(lines) + " lines");
  }
  for (const auto& path : excused)
    found.push_back(path + ": is excused for its length, but does not exist");
  return found;
}

offences machine_paths(const source_tree& tree) {
  // In two pieces, so that this file is not an offender itself.
  const std::array<std::string, 3> places = {std::string{"/ho"} + "me/", std::string{"/wo"} + "rk/",
                                             std::string{"/ro"} + "ot/"};
  offences found;
  for (const auto& [path, text] : tree)
    for_each_line(text, [&, &path = path](std::size_t number, const std::string& line) {
      for (const auto& place : places) {
        // A path of the machine begins there: "$base/work/x" does not. Someone is nobody.
        const auto i = line.find(place);
        const bool begins =
            i != line.npos && (i == 0 || !(is_word_character(line[i - 1]) || line[i - 1] == '}'));
        if (begins && line.compare(i + place.size(), 7, "someone") != 0)
          found.push_back(at(path, number) + "names " + place + "…, which is a path of one machine");
      }
    });
  return found;
}

offences switched_off(const source_tree& tree) {
  const std::string test = std::string{"DISAB"} + "LED_", code = std::string{"#if"} + " 0";
  offences found;
  for (const auto& [path, text] : tree) {
    if (!is_source(path)) continue;
    const auto lists = tree.find(folder_of(path) + "/CMakeLists.txt");
    const bool run_on_request =
        lists != tree.end() && lists->second.find("--gtest_also_run_disabled_tests") != std::string::npos;
    for_each_line(text, [&, &path = path](std::size_t number, const std::string& line) {
      if (line.find(test) != line.npos && !run_on_request)
        found.push_back(at(path, number) + "is switched off by " + test);
      if (line.find(code) != line.npos) found.push_back(at(path, number) + "is switched off by " + code);
    });
  }
  return found;
}

offences sleeping_tests(const source_tree& tree) {
  const std::array<std::string, 4> calls = {std::string{"sleep"} + "_for", std::string{"sleep"} + "_until",
                                            std::string{"usl"} + "eep(", std::string{"nanosl"} + "eep("};
  const std::string command = std::string{"sle"} + "ep ";
  offences found;
  for (const auto& [path, text] : tree) {
    if (!path.starts_with("tests/") || path.ends_with(".md")) continue;
    for_each_line(text, [&, &path = path](std::size_t number, const std::string& line) {
      for (const auto& call : calls)
        if (line.find(call) != line.npos) found.push_back(at(path, number) + "sleeps: " + call);
      const auto i = line.find(command);
      const bool script = path.ends_with(".sh") || path.ends_with(".cmake");
      if (script && i != line.npos && (i == 0 || !is_word_character(line[i - 1])))
        found.push_back(at(path, number) + "sleeps: " + line);
    });
  }
  return found;
}

offences folders_without_readme(const source_tree& tree) {
  std::set<std::string> folders;
  for (const auto& [path, text] : tree) {
    if (path.find('/') == path.npos || path.starts_with(".")) continue;
    const auto first = path.find('/');
    folders.insert(path.substr(0, first));
    // Below runtime/ each folder is a part of its own; elsewhere the folder's page speaks for those below it.
    const auto second = path.find('/', first + 1);
    if (path.starts_with("runtime/") && second != path.npos && !is_public_header(path))
      folders.insert(path.substr(0, second));
  }
  offences found;
  for (const auto& folder : folders)
    if (!tree.contains(folder + "/README.md")) found.push_back(folder + ": has no README.md");
  return found;
}

} // namespace weft::tidy
