#include <weft/detail/encoder.hpp>
#include <weft/errors.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace weft::detail {

static_assert(std::endian::native == std::endian::little, "weft: the wire format is little-endian memory");

namespace {
constexpr std::size_t first_chunk = 1024;
constexpr std::size_t largest_chunk = 64 * 1024;
} // namespace

struct encoder::rope {
  struct chunk {
    std::byte* data;
    std::size_t capacity;
  };

  struct segment {
    array_view<const std::byte> bytes;
    bool block;
    const shared_buffer* owner; // of a block, may be null; kept alive below
  };

  std::vector<segment> closed;
  std::vector<chunk> chunks;
  std::vector<buffer_ptr> kept;

  rope() = default;
  rope(const rope&) = delete;
  rope& operator=(const rope&) = delete;
  ~rope() {
    for (const auto& chunk : chunks)
      ::operator delete(chunk.data);
  }
};

encoder::rope& encoder::own_rope() {
  if (!rope_) rope_ = new rope;
  return *rope_;
}

encoder::encoder() noexcept : encoder(~std::uint64_t{0}) {}

encoder::encoder(std::uint64_t limit) noexcept : limit_(limit) {}

encoder::encoder(encoder&& other) noexcept : limit_(other.limit_) {
  *this = std::move(other);
}

encoder& encoder::operator=(encoder&& other) noexcept {
  std::swap(cursor_, other.cursor_);
  std::swap(end_, other.end_);
  std::swap(segment_begin_, other.segment_begin_);
  std::swap(closed_size_, other.closed_size_);
  std::swap(limit_, other.limit_);
  std::swap(rope_, other.rope_);
  std::swap(depth_, other.depth_);
  std::swap(copying_, other.copying_);
  std::swap(overflowed_, other.overflowed_);
  return *this;
}

encoder::~encoder() {
  delete rope_;
}

void encoder::write_shared(array_view<const std::byte> bytes, buffer_ptr owner) {
  if (bytes.size() < borrow_threshold) return write_bytes(bytes.data(), bytes.size());
  borrow(bytes.data(), bytes.size(), false);
  if (!overflowed_) own_rope().kept.push_back(std::move(owner));
}

void encoder::write_shared_block(buffer_ptr owner) {
  if (owner->size() < borrow_threshold) return write_bytes(owner->data(), owner->size());
  borrow(owner->data(), owner->size(), true, owner.get());
  if (!overflowed_) own_rope().kept.push_back(std::move(owner));
}

std::vector<array_view<const std::byte>> encoder::segments() const {
  std::vector<array_view<const std::byte>> result;
  if (rope_)
    for (const auto& segment : rope_->closed)
      result.push_back(segment.bytes);
  if (cursor_ != segment_begin_) result.emplace_back(segment_begin_, cursor_);
  return result;
}

std::vector<block_place> encoder::blocks(std::size_t size_min) const {
  std::vector<block_place> result;
  if (!rope_) return result;
  std::uint64_t offset = 0;
  for (const auto& segment : rope_->closed) {
    if (segment.block && segment.bytes.size() >= size_min) result.push_back({offset, segment.bytes.size()});
    offset += segment.bytes.size();
  }
  return result;
}

buffer_ptr encoder::owner_of(const block_place& block) const {
  std::uint64_t offset = 0;
  for (const auto& segment : rope_->closed) {
    if (segment.block && offset == block.offset) return buffer_ptr::share(segment.owner);
    offset += segment.bytes.size();
  }
  return nullptr;
}

intrusive_ptr<shared_buffer> encoder::flatten() const {
  auto result = shared_buffer::allocate(static_cast<std::size_t>(size()));
  copy_to(result->data());
  return result;
}

void encoder::copy_to(std::byte* target) const noexcept {
  if (rope_)
    for (const auto& segment : rope_->closed)
      target = std::copy(segment.bytes.begin(), segment.bytes.end(), target);
  std::copy(segment_begin_, cursor_, target);
}

void encoder::clear() noexcept {
  closed_size_ = 0;
  depth_ = 0;
  copying_ = false;
  overflowed_ = false;
  cursor_ = segment_begin_ = end_ = nullptr;
  if (!rope_) return;
  auto& chunks = rope_->chunks;
  for (; chunks.size() > 1; chunks.pop_back())
    ::operator delete(chunks.back().data);
  rope_->closed.clear();
  rope_->kept.clear();
  if (!chunks.empty()) {
    cursor_ = segment_begin_ = chunks.front().data;
    end_ = cursor_ + std::min<std::uint64_t>(chunks.front().capacity, limit_);
  }
}

void encoder::write_beyond_chunk(const void* bytes, std::size_t size) {
  if (overflowed_) return;
  if (size > limit_ - this->size()) return overflow();
  close_segment();
  open_chunk(size);
  std::memcpy(cursor_, bytes, size);
  cursor_ += size;
}

void encoder::borrow(const void* bytes, std::size_t size, bool block, const shared_buffer* owner) {
  if (overflowed_) return;
  if (size > limit_ - this->size()) return overflow();
  close_segment();
  own_rope().closed.push_back({{static_cast<const std::byte*>(bytes), size}, block, owner});
  closed_size_ += size;
  // What may still be written shrinks by what was borrowed.
  end_ = cursor_ + std::min<std::uint64_t>(static_cast<std::uint64_t>(end_ - cursor_), limit_ - closed_size_);
}

void encoder::close_segment() {
  if (cursor_ == segment_begin_) return;
  own_rope().closed.push_back({{segment_begin_, cursor_}, false, nullptr});
  closed_size_ += static_cast<std::uint64_t>(cursor_ - segment_begin_);
  segment_begin_ = cursor_;
}

void encoder::open_chunk(std::size_t size) {
  auto& chunks = own_rope().chunks;
  const auto grown = chunks.empty() ? first_chunk : std::min(2 * chunks.back().capacity, largest_chunk);
  const auto capacity = std::max(size, grown);
  chunks.reserve(chunks.size() + 1);
  chunks.push_back({static_cast<std::byte*>(::operator new(capacity)), capacity});
  cursor_ = segment_begin_ = chunks.back().data;
  end_ = cursor_ + std::min<std::uint64_t>(capacity, limit_ - closed_size_);
}

void encoder::overflow() noexcept {
  clear();
  overflowed_ = true;
  end_ = cursor_; // every later write of a byte or more comes to write_beyond_chunk, which drops it
}

void encoder::too_deep() {
  throw cannot_travel(
      "weft: the value cannot travel: it is nested more than 64 deep; keep long chains in a vector");
}

} // namespace weft::detail
