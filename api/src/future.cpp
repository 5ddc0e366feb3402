#include <weft/future.hpp>

#include <ostream>

namespace weft {

void any_future::wait() const {
  handle_.wait_done(detail::never);
}

bool any_future::wait_for(nanoseconds limit) const {
  return handle_.wait_done(detail::deadline_after(limit));
}

std::exception_ptr any_future::exception() const {
  return handle_.wait_exception(detail::never);
}

std::exception_ptr any_future::exception(nanoseconds limit) const {
  return handle_.wait_exception(detail::deadline_after(limit));
}

void any_future::cancel() const {
  handle_.cancel("cancelled by the program");
}

void any_future::release() {
  handle_ = {};
}

std::string any_future::key() const {
  return handle_.key();
}

std::vector<std::string> any_future::who_has() const {
  return handle_.who_has();
}

std::uint64_t any_future::nbytes() const {
  return handle_.nbytes();
}

std::ostream& operator<<(std::ostream& to, const any_future& future) {
  future.handle_.print(to, {});
  return to;
}

void future<void>::result() const {
  handle_.wait_value(detail::never);
}

void future<void>::result(nanoseconds limit) const {
  handle_.wait_value(detail::deadline_after(limit));
}

std::ostream& operator<<(std::ostream& to, const future<void>& future) {
  future.handle_.print(to, "void");
  return to;
}

void detail::print_future(std::ostream& to, const future_handle& handle, const std::type_info& type) {
  handle.print(to, readable_name(type));
}

} // namespace weft
