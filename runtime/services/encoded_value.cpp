#include "runtime/services/encoded_value.hpp"

#include <weft/detail/failure.hpp>
#include <weft/errors.hpp>

#include "runtime/core/demangle.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weft::detail {

namespace {

std::uint64_t leading_hash(std::span<const std::byte> bytes) {
  return decoder(bytes).read<std::uint64_t>();
}

[[noreturn]] void throw_mismatch(const std::type_info& wanted, const std::string& found) {
  throw decode_error("weft: a " + demangled(wanted) + " is expected here, but the value is " + found);
}

} // namespace

object_value::~object_value() = default;

std::string object_value::type_name() const {
  return demangled(type());
}

void* object_of(const value& from, const value_recipe& recipe) {
  if (const auto* const object = dynamic_cast<const object_value*>(&from)) {
    if (object->type() == *recipe.type) return object->object();
    throw_mismatch(*recipe.type, "a " + object->type_name());
  }
  if (const auto* const encoded = dynamic_cast<const encoded_value*>(&from)) return encoded->object(recipe);
  throw_mismatch(*recipe.type, "of another kind: " + from.type_name());
}

encoded_value::encoded_value(buffer_ptr owner, std::span<const std::byte> bytes, std::string type_name)
    : hash_(leading_hash(bytes)), type_name_(std::move(type_name)), owner_(std::move(owner)), bytes_(bytes) {}

encoded_value::encoded_value(buffer_ptr bytes, std::string type_name, std::vector<block_apart> blocks)
    : encoded_value(bytes, bytes->bytes(), std::move(type_name)) {
  std::size_t behind = sizeof hash_;
  for (const auto& block : blocks) {
    if (block.offset < behind || block.offset > bytes_.size())
      throw decode_error("weft: cannot decode: a block is out of place");
    behind = block.offset;
  }
  blocks_ = std::move(blocks);
}

encoded_value::~encoded_value() = default;

std::uint64_t encoded_value::nbytes() const noexcept {
  const std::lock_guard lock(mutex_);
  auto total = sizeof *this + bytes_.size();
  for (const auto& block : blocks_)
    total += block.bytes->size();
  for (const auto& object : objects_)
    total += object->nbytes();
  return total;
}

std::string encoded_value::type_name() const {
  if (const auto* const first = first_.load(std::memory_order_acquire)) return first->type_name();
  return type_name_;
}

void encoded_value::encode(encoder& to) const {
  const object_value* first = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (owner_) return encode_bytes(to);
    first = objects_.front().get();
  }
  first->encode(to);
}

// Whoever encodes owns the blocks too from then on, so that decoding will copy them and not take them away.
void encoded_value::encode_bytes(encoder& to) const {
  if (spoilt_) throw decode_error("weft: the value could not be decoded before, and its bytes are gone");
  std::size_t done = 0;
  for (const auto& block : blocks_) {
    to.write_shared(bytes_.subspan(done, block.offset - done), owner_);
    to.write_shared_block(block.bytes);
    done = block.offset;
  }
  to.write_shared(bytes_.subspan(done), owner_);
}

void* encoded_value::object(const value_recipe& recipe) const {
  if (const auto* const first = first_.load(std::memory_order_acquire);
      first && first->type() == *recipe.type)
    return first->object();
  const std::lock_guard lock(mutex_);
  return decode_locked(recipe);
}

void* encoded_value::decode_locked(const value_recipe& recipe) const {
  for (const auto& object : objects_)
    if (object->type() == *recipe.type) return object->object();
  if (!recipe.decode || recipe.hash != hash_) {
    const auto name = objects_.empty() ? type_name_ : objects_.front()->type_name();
    throw_mismatch(*recipe.type, name.empty() ? "of a type of another structure" : "a " + name);
  }
  intrusive_ptr<const shared_buffer> again;
  auto bytes = bytes_;
  if (spoilt_) throw decode_error("weft: the value could not be decoded before, and its bytes are gone");
  if (!owner_) { // decoded before, as another type of the same structure
    encoder to;
    objects_.front()->encode(to);
    again = to.flatten();
    bytes = again->bytes();
  }
  decoder from(bytes, blocks_);
  static_cast<void>(from.read<std::uint64_t>()); // the hash
  try {
    auto object = recipe.decode(from);
    from.finish();
    objects_.push_back(std::move(object));
  } catch (...) {
    spoilt_ = std::ranges::any_of(blocks_, [](const auto& block) { return block.bytes->size() == 0; });
    rethrow_of_decoding("a value of type " + demangled(*recipe.type));
  }
  if (objects_.size() == 1) first_.store(objects_.front().get(), std::memory_order_release);
  owner_ = nullptr;
  bytes_ = {};
  blocks_.clear();
  return objects_.back()->object();
}

} // namespace weft::detail
