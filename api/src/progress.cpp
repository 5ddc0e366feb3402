#include "runtime/services/client_core.hpp"
#include "runtime/services/completion_set.hpp"

#include <weft/errors.hpp>
#include <weft/progress.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

namespace weft::detail {

namespace {

std::string duration_text(double seconds) {
  char text[32];
  if (seconds < 60)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else
    std::snprintf(text, sizeof text, "%d:%02d min", static_cast<int>(seconds) / 60,
                  static_cast<int>(seconds) % 60);
  return text;
}

/// What is known of the futures at one moment, as a line.
struct progress_line {
  std::size_t done = 0;
  std::size_t failed = 0;
  std::size_t total = 0;
  double seconds = 0;

  std::string counts() const {
    char rate[48];
    std::snprintf(rate, sizeof rate, ", %.4g/s", seconds > 0 ? static_cast<double>(done) / seconds : 0.0);
    std::string text = std::to_string(done) + '/' + std::to_string(total) + rate;
    if (done == total)
      text += ", took " + duration_text(seconds);
    else if (done > 0)
      text += ", " + duration_text(seconds / static_cast<double>(done) * static_cast<double>(total - done)) +
              " left";
    if (failed > 0) text += ", " + std::to_string(failed) + " failed";
    return text;
  }

  std::string bar(std::size_t width) const {
    const std::size_t filled = total == 0 ? width : done * width / total;
    return '[' + std::string(filled, '#') + std::string(width - filled, '.') + "] ";
  }

  /// All of it in so many columns: what does not fit is taken from the bar first.
  std::string within(std::size_t columns, const std::string& title) const {
    constexpr std::size_t width_max = 30;
    constexpr std::size_t width_min = 3;
    constexpr std::size_t brackets_and_space = 3;
    const std::string counts = this->counts();
    const std::size_t others = title.size() + brackets_and_space + counts.size();
    if (others + width_min > columns) return (title + counts).substr(0, columns);
    return title + bar(std::min(width_max, columns - others)) + counts;
  }
};

/// How many columns a line of the terminal may take; one stays free, since some wrap after the last.
std::size_t columns_of(int terminal) {
  ::winsize size{};
  if (::ioctl(terminal, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::string::npos;
  return size.ws_col - 1u;
}

} // namespace

void show_progress(const std::vector<const future_handle*>& futures, const progress_options& options) {
  const bool terminal = isatty(options.descriptor) == 1;
  const auto every = terminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  const std::string title = options.title.empty() ? "" : options.title + ' ';
  const instant begin = instant::now();
  progress_line line{.done = 0, .failed = 0, .total = futures.size(), .seconds = 0};
  const auto show = [&] {
    line.seconds = static_cast<double>((instant::now() - begin).count()) / 1e9;
    const std::string text = terminal ? "\r\x1b[K" + line.within(columns_of(options.descriptor), title)
                                      : title + line.counts() + '\n';
    // Nothing can be done about a closed terminal, and the tasks go on without it.
    [[maybe_unused]] const auto written = write(options.descriptor, text.data(), text.size());
  };

  completion_set completions{false};
  for (const future_handle* future : futures)
    completions.add(*future);
  instant next_show = begin + every;
  while (line.done < line.total) {
    if (!completions.wait_until_ready(next_show) || instant::now() >= next_show) {
      show();
      next_show = instant::now() + every;
      continue;
    }
    for (const auto& future : completions.next_batch(never)) {
      ++line.done;
      const auto status = future.status();
      line.failed += status == future_status::error || status == future_status::cancelled;
    }
  }
  show();
  if (terminal) {
    [[maybe_unused]] const auto written = write(options.descriptor, "\n", 1);
  }
}

} // namespace weft::detail
