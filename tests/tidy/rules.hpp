#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

// The house rules that a compiler does not check, as functions from a source tree to what offends in it. A
// tree is data, so that rules_test.cpp can plant an offence and see it found, and tree_test.cpp can ask about
// this repository.
namespace weft::tidy {

/// The files of a source tree: path from its root (with '/') to text.
using source_tree = std::map<std::string, std::string>;

/// Sentences that name file, line and what is wrong; empty if all is well.
using offences = std::vector<std::string>;

/// Reads the text files below `root`, without build/ and what begins with a dot (but with .ci/).
/// Throws std::filesystem::filesystem_error and std::runtime_error for what cannot be read.
source_tree read_tree(const std::filesystem::path& root);

/// One #include line: what it names, and whether it did so in quotes.
struct inclusion {
  std::size_t line;
  std::string name;
  bool quoted;
};

std::vector<inclusion> inclusions(const std::string& text);

/// runtime ← actors ← api ← cli, examples, bench: nothing includes what lies above it, and who links the
/// shared library includes public headers only. Tests may include everything, and so may what measures a
/// machine by itself (bench/scheduler/).
offences include_upwards(const source_tree& tree);

/// Public headers include the standard library and each other, so that using Weft needs nothing installed but
/// Weft.
offences public_header_includes(const source_tree& tree);

/// <caf/…> only in actors/ and its tests, and in the one public header that is for CAF programs.
offences caf_outside_actors(const source_tree& tree);

/// A machine has no threads, clock, chance, files or sockets: in runtime/ only services/ has.
offences machines_that_touch_the_world(const source_tree& tree);

/// A .cpp that no CMakeLists.txt of its folder or above names, and a .hpp that nothing includes.
offences dead_files(const source_tree& tree);

/// A public header that is in no header file set, so that nobody checks that it compiles alone.
offences unlisted_public_headers(const source_tree& tree);

/// Files of more than 500 lines, but for those that `justified` names; and names in `justified` that need it
/// no longer. A line of `justified` is "path reason…"; lines that begin with # are comments.
offences long_files(const source_tree& tree, const std::string& justified);

/// Paths that exist on one machine only: homes and checkouts. A test that needs a home's name calls its owner
/// someone.
offences machine_paths(const source_tree& tree);

/// Tests that are switched off, unless their folder's CMakeLists.txt runs such tests on request, and code
/// that is.
offences switched_off(const source_tree& tree);

/// Sleeping in tests: such a test waits too long on a good day and not long enough on a bad one.
offences sleeping_tests(const source_tree& tree);

/// Folders without the README.md that says what lives there, what may not and where to add a thing.
offences folders_without_readme(const source_tree& tree);

} // namespace weft::tidy
