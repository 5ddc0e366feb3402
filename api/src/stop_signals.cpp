#include <weft/errors.hpp>
#include <weft/worker.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <exception>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace weft {

stop_signals::stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  descriptor_ = signalfd(-1, &signals, SFD_CLOEXEC);
  ended_ = eventfd(0, EFD_CLOEXEC);
  if (descriptor_ < 0 || ended_ < 0)
    throw std::system_error(errno, std::generic_category(), "weft: signalfd");
}

stop_signals::~stop_signals() {
  ::close(descriptor_);
  ::close(ended_);
}

int stop_signals::wait() {
  pollfd sources[] = {{descriptor_, POLLIN, 0}, {ended_, POLLIN, 0}};
  while (poll(sources, 2, -1) < 0 && errno == EINTR) {
  }
  if ((sources[0].revents & POLLIN) == 0) return 0;
  signalfd_siginfo received{};
  return read(descriptor_, &received, sizeof received) == sizeof received
             ? static_cast<int>(received.ssi_signo)
             : 0;
}

bool stop_signals::asked() const {
  pollfd source{descriptor_, POLLIN, 0};
  return poll(&source, 1, 0) == 1;
}

void stop_signals::end_waiting() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(ended_, &one, sizeof one);
}

int exit_code_for_exception() {
  try {
    throw;
  } catch (const timeout_error&) {
    return 4;
  } catch (const connection_error&) {
    return 3;
  } catch (const build_mismatch&) {
    return 5;
  } catch (const std::invalid_argument&) {
    return 2;
  } catch (...) {
    return 1;
  }
}

} // namespace weft
