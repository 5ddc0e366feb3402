#include <weft/detail/completion_stream.hpp>

#include "runtime/services/completion_set.hpp"

#include <stdexcept>
#include <utility>

namespace weft::detail {

completion_stream::completion_stream(bool values) : set_(new completion_set(values)) {}

completion_stream::completion_stream(completion_stream&& other) noexcept
    : set_(std::exchange(other.set_, nullptr)) {}

completion_stream& completion_stream::operator=(completion_stream&& other) noexcept {
  std::swap(set_, other.set_);
  return *this;
}

completion_stream::~completion_stream() {
  delete set_;
}

completion_set& completion_stream::own_set() const {
  if (!set_) throw std::logic_error("weft: this as_completed was moved from");
  return *set_;
}

void completion_stream::add(future_handle future) {
  own_set().add(std::move(future));
}

future_handle completion_stream::next(instant deadline) {
  return own_set().next(deadline);
}

std::vector<future_handle> completion_stream::next_batch(instant deadline) {
  return own_set().next_batch(deadline);
}

std::size_t completion_stream::count() const {
  return own_set().count();
}

bool completion_stream::has_ready() const {
  return own_set().has_ready();
}

void completion_stream::clear() {
  own_set().clear();
}

} // namespace weft::detail
