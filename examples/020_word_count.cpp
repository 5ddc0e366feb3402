// Counts words in files: one task per chunk of a file, whose maps are merged as a tree, and only the last map
// comes here. Tasks read the files themselves, so what travels is names and counts.
//
//     020_word_count [--processes | --connect ADDRESS] [FILE or DIRECTORY]…
//
// Prints the twenty most frequent words as `COUNT WORD`, ties by word. A word is a run of ASCII letters, in
// lower case. Links in a directory are followed, as `find -L` does: also to directories, but not to one
// around.

#include "program_options.hpp"

#include <weft/weft.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

using counts = std::unordered_map<std::string, std::uint64_t>;

constexpr std::uint64_t chunk_size = 64 * 1024;

/// Part of a file. A word belongs to the chunk in which it begins.
struct chunk {
  std::string file;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

bool is_letter(int character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

[[noreturn]] void throw_unreadable(const std::string& file, const std::string& why) {
  throw std::runtime_error("cannot read " + file + ": " + why);
}

std::ifstream open_to_read(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) throw_unreadable(file, std::strerror(errno));
  return stream;
}

counts count_words(const chunk& part) {
  std::ifstream stream = open_to_read(part.file);
  std::uint64_t at = part.begin;
  bool inside_foreign_word = false;
  if (at > 0) {
    stream.seekg(static_cast<std::streamoff>(at - 1));
    inside_foreign_word = is_letter(stream.get());
  }
  counts result;
  std::string word;
  for (;; ++at) {
    const int character = stream.get();
    if (is_letter(character)) {
      if (inside_foreign_word) continue;
      if (word.empty() && at >= part.end) break;
      word += static_cast<char>(character | 0x20);
      continue;
    }
    inside_foreign_word = false;
    if (!word.empty()) ++result[word];
    word.clear();
    if (character == std::ifstream::traits_type::eof() || at >= part.end) break;
  }
  if (stream.bad()) throw_unreadable(part.file, "reading it fails");
  return result;
}

counts merge(const counts& a, const counts& b) {
  counts result = a;
  for (const auto& [word, count] : b)
    result[word] += count;
  return result;
}

/// Adds the files in a directory and in those below. One that links make its own ancestor is not entered
/// again.
void add_files(std::vector<std::string>& files, const fs::path& directory, std::vector<fs::path>& ancestors) {
  const fs::path itself = fs::canonical(directory);
  if (std::find(ancestors.begin(), ancestors.end(), itself) != ancestors.end()) return;
  ancestors.push_back(itself);
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.is_directory())
      add_files(files, entry.path(), ancestors);
    else if (entry.is_regular_file())
      files.push_back(entry.path().string());
  }
  ancestors.pop_back();
}

/// The files, and those in the directories: absolute, because workers may run elsewhere. What is named twice
/// is counted twice, as `cat` does.
std::vector<std::string> find_files(const std::vector<std::string>& places) {
  std::vector<std::string> files;
  for (const auto& place : places) {
    if (place.empty()) throw_unreadable("\"\"", "the name is empty");
    const fs::path path = fs::absolute(place).lexically_normal();
    if (fs::is_directory(path)) {
      std::vector<fs::path> ancestors;
      add_files(files, path, ancestors);
    } else if (!fs::exists(path) || fs::is_regular_file(path)) {
      files.push_back(path.string());
    } else {
      throw_unreadable(path.string(), "neither a file nor a directory"); // a pipe would be waited for
    }
  }
  return files;
}

std::vector<chunk> cut(const std::vector<std::string>& files) {
  std::vector<chunk> chunks;
  for (const auto& file : files) {
    std::ifstream stream = open_to_read(file); // what cannot be read is named before any work is done
    const bool has_content = stream.get() != std::ifstream::traits_type::eof();
    if (stream.bad()) throw_unreadable(file, "reading it fails");
    const std::uint64_t size = fs::file_size(file);
    if (has_content && size == 0) throw_unreadable(file, "it does not say how long it is"); // as in /proc
    for (std::uint64_t begin = 0; begin < size; begin += chunk_size)
      chunks.push_back({file, begin, std::min(size, begin + chunk_size)});
  }
  return chunks;
}

void print_most_frequent(const counts& words, std::size_t most) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(words.begin(), words.end());
  const auto before = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(most, sorted.size()));
  std::partial_sort(sorted.begin(), end, sorted.end(), before);
  for (auto at = sorted.begin(); at != end; ++at)
    std::cout << at->second << ' ' << at->first << '\n';
}

void run(const example::options& options) {
  const auto places =
      options.files.empty() ? std::vector<std::string>{"/usr/share/common-licenses"} : options.files;
  const std::vector<chunk> chunks = cut(find_files(places));
  if (chunks.empty()) return; // nothing but empty files

  example::cluster cluster{options};
  weft::client client = cluster.connect();
  auto level = client.map(count_words, chunks);
  while (level.size() > 1) {
    std::vector<weft::future<counts>> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2)
      next.push_back(client.submit(merge, level[i], level[i + 1]));
    if (level.size() % 2 == 1) next.push_back(level.back());
    level = std::move(next);
  }
  print_most_frequent(level.front().result(), 20);
}

} // namespace

int main(int argc, char** argv) {
  weft::init init{argc, argv};
  return example::main(argc, argv, {.files = true}, run);
}
