// What progress() writes, to a terminal and to a file.

#include "tests/cluster/cluster_modes.hpp"

#include <weft/weft.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

namespace weft {
namespace {

int inc(int x) {
  return x + 1;
}
int fail(int) {
  throw std::out_of_range("no such row");
}

/// A terminal so many columns wide, and what was written to it.
class terminal {
 public:
  explicit terminal(unsigned short columns) : near_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (near_ < 0 || grantpt(near_) != 0 || unlockpt(near_) != 0)
      throw std::runtime_error("no pseudo terminal is to be had");
    far_ = open(ptsname(near_), O_RDWR | O_NOCTTY);
    winsize size{};
    size.ws_row = 24;
    size.ws_col = columns;
    if (far_ < 0 || ioctl(far_, TIOCSWINSZ, &size) != 0)
      throw std::runtime_error("the pseudo terminal takes no size");
  }
  ~terminal() {
    close(far_);
    close(near_);
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  int descriptor() const { return far_; }
  std::string written() const {
    std::string text(65536, '\0');
    text.resize(static_cast<std::size_t>(read(near_, text.data(), text.size())));
    return text;
  }
  /// The last line as it stands on the screen, without what cleared the line before it.
  std::string last_line() const {
    std::string text = written();
    constexpr std::string_view clear = "\r\x1b[K";
    text.erase(0, text.rfind(clear) + clear.size());
    return text.substr(0, text.find('\r'));
  }

 private:
  int near_;
  int far_ = -1;
};

class progress_to : public test::both_modes {};

TEST_P(progress_to, a_pipe_ends_with_counts_failures_and_time) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::vector<future<int>> futures = client_.map(inc, std::vector{1, 2, 3});
  futures.push_back(client_.submit(fail, 0));
  progress(futures, {.title = "rows", .descriptor = ends[1]});
  close(ends[1]);
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(read(ends[0], text.data(), text.size())));
  close(ends[0]);
  EXPECT_NE(text.find("rows 4/4, "), std::string::npos) << text;
  EXPECT_NE(text.find(", 1 failed\n"), std::string::npos) << text;
}

TEST_P(progress_to, a_wide_terminal_ends_with_a_full_bar_of_30) {
  const terminal wide{200};
  progress(client_.map(inc, std::vector{1, 2, 3}), {.title = "rows", .descriptor = wide.descriptor()});
  const std::string line = wide.last_line();
  EXPECT_EQ(line.rfind("rows [" + std::string(30, '#') + "] 3/3, ", 0), 0u) << line;
}

TEST_P(progress_to, a_narrow_terminal_keeps_to_its_line_with_a_shorter_bar) {
  const terminal narrow{50};
  progress(client_.map(inc, std::vector{1, 2, 3}), {.descriptor = narrow.descriptor()});
  const std::string line = narrow.last_line();
  EXPECT_EQ(line.size(), 49u) << line;
  EXPECT_EQ(line.rfind("[##", 0), 0u) << line;
  EXPECT_NE(line.find("#] 3/3, "), std::string::npos) << line;
}

TEST_P(progress_to, a_terminal_of_a_few_columns_is_cut_off_and_has_no_bar) {
  const terminal tiny{12};
  progress(client_.map(inc, std::vector{1, 2, 3}), {.title = "rows", .descriptor = tiny.descriptor()});
  const std::string line = tiny.last_line();
  EXPECT_EQ(line.size(), 11u) << line << ": one column stays free, or the terminal would wrap";
  EXPECT_EQ(line.rfind("rows 3/3, ", 0), 0u) << line;
}

WEFT_IN_BOTH_MODES(progress_to);

} // namespace
} // namespace weft
