#include <weft/detail/completion_stream.hpp>

#include "runtime/services/completion_set.hpp"

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

void completion_stream::add(future_handle future) {
  set_->add(std::move(future));
}

future_handle completion_stream::next(instant deadline) {
  return set_->next(deadline);
}

std::vector<future_handle> completion_stream::next_batch(instant deadline) {
  return set_->next_batch(deadline);
}

std::size_t completion_stream::count() const {
  return set_->count();
}

bool completion_stream::has_ready() const {
  return set_->has_ready();
}

void completion_stream::clear() {
  set_->clear();
}

} // namespace weft::detail
