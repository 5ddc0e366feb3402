#include "runtime/services/encoded_body.hpp"

#include <weft/detail/decoder.hpp>
#include <weft/detail/encoder.hpp>
#include <weft/detail/failure.hpp>
#include <weft/detail/inputs.hpp>
#include <weft/errors.hpp>

#include "runtime/services/function_registry.hpp"

#include <string>
#include <utility>

namespace weft::detail {

void throw_no_such_input(std::uint32_t index, std::size_t count) {
  throw decode_error("weft: a task wants its input number " + std::to_string(index) + " but has only " +
                     std::to_string(count));
}

encoded_body::encoded_body(function_id function, buffer_ptr owner, std::span<const std::byte> bytes)
    : function_(function), owner_(std::move(owner)), bytes_(bytes) {}

encoded_body::~encoded_body() = default;

value_ptr encoded_body::run(array_view<const value_ptr> inputs) const {
  return decoded().run(inputs);
}

const task_body& encoded_body::decoded() const {
  if (const auto* const ready = ready_.load(std::memory_order_acquire)) return *ready;
  const std::lock_guard lock(mutex_);
  if (!body_) {
    decoder from(bytes_);
    auto& functions = function_registry::instance();
    try {
      body_ = functions.decode(function_, from);
    } catch (...) {
      rethrow_of_decoding("the arguments of " + functions.name_of(function_));
    }
    ready_.store(body_.get(), std::memory_order_release);
    bytes_ = {};
    owner_ = nullptr;
  }
  return *body_;
}

void encoded_body::encode(encoder& to) const {
  {
    const std::lock_guard lock(mutex_);
    if (!body_) return to.write_shared(bytes_, owner_);
  }
  body_->encode(to);
}

std::uint64_t encoded_body::nbytes() const noexcept {
  const std::lock_guard lock(mutex_);
  return sizeof *this + (body_ ? body_->nbytes() : bytes_.size());
}

} // namespace weft::detail
