#pragma once

#include <weft/detail/shared_buffer.hpp>
#include <weft/detail/task_body.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <span>

namespace weft::detail {

/// A task's body as the bytes that it was sent as. Decoded on the first run, if it runs here at all; then the
/// bytes are dropped, and should they be wanted again they are made from the body. Safe for any number of
/// threads.
class WEFT_API encoded_body final : public task_body {
 public:
  /// `bytes` lie in `owner`; `function` is this process's number for the function (see
  /// function_registry::intern).
  encoded_body(function_id function, buffer_ptr owner, std::span<const std::byte> bytes);
  ~encoded_body() override;

  /// Also throws weft::build_mismatch if the function's module is not loaded here, and weft::decode_error.
  value_ptr run(array_view<const value_ptr> inputs) const override;
  void encode(encoder& to) const override;
  std::uint64_t nbytes() const noexcept override;
  function_id function() const noexcept override { return function_; }

 private:
  const task_body& decoded() const;

  const function_id function_;
  // Set once, under the mutex, and read without it.
  mutable std::atomic<const task_body*> ready_{nullptr};

  mutable std::mutex mutex_;
  // Guarded by the mutex: either the body or its bytes.
  mutable body_ptr body_;
  mutable buffer_ptr owner_;
  mutable std::span<const std::byte> bytes_;
};

} // namespace weft::detail
