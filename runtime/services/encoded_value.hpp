#pragma once

#include <weft/detail/shared_buffer.hpp>
#include <weft/detail/typed_value.hpp>

#include <atomic>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace weft::detail {

/// A value as the bytes that it was sent as: a structural hash and the payload. The first who knows its type
/// decodes it, for all in this process; then the bytes are dropped, and should they be wanted again they are
/// made from the object. Safe for any number of threads.
class WEFT_API encoded_value final : public value {
 public:
  /// `bytes` (at least 8, else weft::decode_error) lie in `owner`. `type_name` is what type_name() says until
  /// the value is decoded.
  encoded_value(buffer_ptr owner, std::span<const std::byte> bytes, std::string type_name = {});
  /// All of `bytes`, and blocks that belong in between, in order. Throws weft::decode_error too if a block's
  /// place is out of order or beyond the bytes.
  explicit encoded_value(buffer_ptr bytes, std::string type_name = {}, std::vector<block_apart> blocks = {});
  ~encoded_value() override;

  std::uint64_t nbytes() const noexcept override;
  std::string type_name() const override;
  bool travels() const noexcept override { return true; }
  void encode(encoder& to) const override;

  /// The object, decoded as `recipe` says. Throws weft::decode_error if the bytes are of another type or
  /// damaged.
  void* object(const value_recipe& recipe) const;
  /// Whether it has been decoded.
  bool decoded() const noexcept { return first_.load(std::memory_order_acquire) != nullptr; }

 private:
  void encode_bytes(encoder& to) const;
  void* decode_locked(const value_recipe& recipe) const;

  const std::uint64_t hash_;
  const std::string type_name_;
  // Set once, under the mutex, and read without it: what all but the first caller find.
  mutable std::atomic<const object_value*> first_{nullptr};

  mutable std::mutex mutex_;
  // Guarded by the mutex. Two types may have the same structure, so there may be more than one object; the
  // first stands for the value when it is sent on.
  mutable std::vector<intrusive_ptr<const object_value>> objects_;
  mutable buffer_ptr owner_;
  mutable std::span<const std::byte> bytes_;
  mutable std::vector<block_apart> blocks_; // that belong between the bytes
  mutable bool spoilt_ = false;             // decoding failed when it had taken blocks
};

} // namespace weft::detail
