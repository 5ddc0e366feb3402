#include <weft/detail/encoder.hpp>
#include <weft/errors.hpp>

#include <algorithm>
#include <utility>

namespace weft::detail {

namespace {
constexpr std::size_t first_chunk = 1024;
constexpr std::size_t largest_chunk = 64 * 1024;
} // namespace

encoder::encoder(encoder&& other) noexcept : limit_(other.limit_) {
  *this = std::move(other);
}

encoder& encoder::operator=(encoder&& other) noexcept {
  std::swap(cursor_, other.cursor_);
  std::swap(end_, other.end_);
  std::swap(segment_begin_, other.segment_begin_);
  std::swap(closed_size_, other.closed_size_);
  std::swap(limit_, other.limit_);
  std::swap(closed_, other.closed_);
  std::swap(chunks_, other.chunks_);
  std::swap(kept_, other.kept_);
  std::swap(depth_, other.depth_);
  std::swap(copying_, other.copying_);
  std::swap(overflowed_, other.overflowed_);
  return *this;
}

encoder::~encoder() {
  for (const auto& chunk : chunks_)
    ::operator delete(chunk.data);
}

void encoder::write_shared(array_view<const std::byte> bytes, buffer_ptr owner) {
  if (bytes.size() < borrow_threshold) return write_bytes(bytes.data(), bytes.size());
  borrow(bytes.data(), bytes.size());
  if (!overflowed_) kept_.push_back(std::move(owner));
}

std::vector<array_view<const std::byte>> encoder::segments() const {
  auto result = closed_;
  if (cursor_ != segment_begin_) result.emplace_back(segment_begin_, cursor_);
  return result;
}

intrusive_ptr<shared_buffer> encoder::flatten() const {
  auto result = shared_buffer::allocate(static_cast<std::size_t>(size()));
  copy_to(result->data());
  return result;
}

void encoder::copy_to(std::byte* target) const noexcept {
  for (const auto& segment : closed_)
    target = std::copy(segment.begin(), segment.end(), target);
  std::copy(segment_begin_, cursor_, target);
}

void encoder::clear() noexcept {
  while (chunks_.size() > 1) {
    ::operator delete(chunks_.back().data);
    chunks_.pop_back();
  }
  closed_.clear();
  kept_.clear();
  closed_size_ = 0;
  depth_ = 0;
  copying_ = false;
  overflowed_ = false;
  cursor_ = segment_begin_ = end_ = nullptr;
  if (!chunks_.empty()) {
    cursor_ = segment_begin_ = chunks_.front().data;
    end_ = cursor_ + std::min<std::uint64_t>(chunks_.front().capacity, limit_);
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

void encoder::borrow(const void* bytes, std::size_t size) {
  if (overflowed_) return;
  if (size > limit_ - this->size()) return overflow();
  close_segment();
  closed_.emplace_back(static_cast<const std::byte*>(bytes), size);
  closed_size_ += size;
  // What may still be written shrinks by what was borrowed.
  end_ = cursor_ + std::min<std::uint64_t>(static_cast<std::uint64_t>(end_ - cursor_), limit_ - closed_size_);
}

void encoder::close_segment() {
  if (cursor_ == segment_begin_) return;
  closed_.emplace_back(segment_begin_, cursor_);
  closed_size_ += static_cast<std::uint64_t>(cursor_ - segment_begin_);
  segment_begin_ = cursor_;
}

void encoder::open_chunk(std::size_t size) {
  const auto grown = chunks_.empty() ? first_chunk : std::min(2 * chunks_.back().capacity, largest_chunk);
  const auto capacity = std::max(size, grown);
  chunks_.reserve(chunks_.size() + 1);
  chunks_.push_back({static_cast<std::byte*>(::operator new(capacity)), capacity});
  cursor_ = segment_begin_ = chunks_.back().data;
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
