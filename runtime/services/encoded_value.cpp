#include "runtime/services/encoded_value.hpp"

#include <weft/errors.hpp>

#include "runtime/core/demangle.hpp"

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

encoded_value::encoded_value(buffer_ptr bytes, std::string type_name)
    : encoded_value(bytes, bytes->bytes(), std::move(type_name)) {}

encoded_value::~encoded_value() = default;

std::uint64_t encoded_value::nbytes() const noexcept {
  const std::lock_guard lock(mutex_);
  auto total = sizeof *this + bytes_.size();
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
    if (owner_) return to.write_shared(bytes_, owner_);
    first = objects_.front().get();
  }
  first->encode(to);
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
  if (!owner_) { // decoded before, as another type of the same structure
    encoder to;
    objects_.front()->encode(to);
    again = to.flatten();
    bytes = again->bytes();
  }
  decoder from(bytes.subspan(sizeof hash_));
  auto object = recipe.decode(from);
  from.finish();
  objects_.push_back(std::move(object));
  if (objects_.size() == 1) first_.store(objects_.front().get(), std::memory_order_release);
  owner_ = nullptr;
  bytes_ = {};
  return objects_.back()->object();
}

} // namespace weft::detail
