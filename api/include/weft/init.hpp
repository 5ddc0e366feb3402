#pragma once

#include <weft/export.hpp>

namespace weft {

/// Makes this program one that can run as its own worker processes. The first thing in main:
///
///     int main(int argc, char** argv) {
///       weft::init init{argc, argv};
///
/// In a process that a local_cluster has started, or that was started with `--weft-worker ADDRESS …`, the
/// constructor runs a worker and ends the process: nothing after it in main runs there. Otherwise it keeps
/// the program's file open, so that worker processes run this very program even if the file is replaced
/// meanwhile.
///
/// Such a worker comes no further in main than this constructor, so it has the functions of the program, of
/// the libraries that it is linked with and of those opened with dlopen before `init`. Of a library opened
/// later it knows nothing: tasks with its functions fail with build_mismatch. Link it, or open it before
/// `init`; for a worker started by hand, `--load LIBRARY` does as well.
///
/// It counts as long as the object lives: keep it to the end of main. One at a time. Throws std::logic_error
/// for a second one.
class WEFT_API init {
 public:
  [[nodiscard("weft: keep it to the end of main: weft::init init{argc, argv};")]] init(int argc, char** argv);
  ~init();
  init(const init&) = delete;
  init& operator=(const init&) = delete;
};

} // namespace weft
