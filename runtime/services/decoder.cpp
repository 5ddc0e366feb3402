#include <weft/detail/decoder.hpp>
#include <weft/errors.hpp>

namespace weft::detail {

decoder::decoder(array_view<const std::byte> bytes, array_view<const block_apart> blocks) noexcept
    : cursor_(bytes.data()), run_end_(bytes.data()), end_(bytes.data() + bytes.size()), begin_(bytes.data()),
      blocks_(blocks) {
  for (const auto& block : blocks)
    bytes_apart_ += block.bytes->size();
  begin_run();
}

void decoder::begin_run() noexcept {
  run_end_ = blocks_.empty() ? end_ : begin_ + blocks_[0].offset;
}

bool decoder::is_next_block(std::size_t size) const noexcept {
  return cursor_ == run_end_ && !blocks_.empty() && blocks_[0].bytes->size() == size;
}

void decoder::skip_block(std::size_t size) noexcept {
  bytes_apart_ -= size;
  blocks_ = {blocks_.begin() + 1, blocks_.end()};
  begin_run();
}

array_view<const std::byte> decoder::take_block(std::size_t size) {
  if (size > remaining()) fail_short(size);
  if (!is_next_block(size)) fail("a block begins or ends where it must not");
  const auto bytes = blocks_[0].bytes->bytes();
  skip_block(size);
  return bytes;
}

void* decoder::take_block_storage(std::size_t size) {
  if (!is_next_block(size)) return nullptr;
  auto* const storage = blocks_[0].bytes->release_storage();
  if (storage) skip_block(size);
  return storage;
}

intrusive_ptr<shared_buffer> decoder::take_shared_block(std::size_t size) {
  if (!is_next_block(size)) return nullptr;
  auto bytes = blocks_[0].bytes;
  skip_block(size);
  return bytes;
}

void decoder::fail(const char* sentence) {
  throw decode_error(std::string("weft: cannot decode: ") + sentence);
}

void decoder::fail_size(std::uint64_t size) {
  throw decode_error("weft: cannot decode: a size says " + std::to_string(size) +
                     ", more than the bytes left can hold");
}

void decoder::fail_short(std::size_t wanted) const {
  throw decode_error("weft: cannot decode: cut short, " + std::to_string(wanted) + " bytes are wanted and " +
                     std::to_string(remaining()) + " are left");
}

void decoder::fail_leftover() const {
  throw decode_error("weft: cannot decode: " + std::to_string(remaining()) + " bytes too many");
}

} // namespace weft::detail
