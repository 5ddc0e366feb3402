#include <weft/detail/shared_buffer.hpp>

#include <cstdint>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace weft::detail {

namespace {
constexpr std::size_t alignment = 64;
constexpr std::size_t header_size = alignment;
constexpr std::size_t huge_pages_from = 1 << 20; // so much is worth a system call
} // namespace

void prefer_huge_pages(void* memory, std::size_t size) noexcept {
  if (size < huge_pages_from) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  const auto begin = (address + page - 1) / page * page;
  const auto end = (address + size) / page * page;
  // A kernel that does not do it is slower, not wrong.
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

void* shared_buffer::operator new(std::size_t object_size, payload behind) {
  static_assert(sizeof(shared_buffer) <= header_size);
  static_cast<void>(object_size);
  if (behind.size > ~std::size_t{0} - header_size) throw std::bad_alloc();
  return ::operator new (header_size + behind.size, std::align_val_t{alignment});
}

void shared_buffer::operator delete(void* object) {
  ::operator delete (object, std::align_val_t{alignment});
}

void shared_buffer::operator delete(void* object, payload) {
  shared_buffer::operator delete(object);
}

shared_buffer::shared_buffer(std::size_t size) noexcept
    : size_(size), data_(reinterpret_cast<std::byte*>(this) + header_size) {}

shared_buffer::shared_buffer(std::size_t size, std::byte* storage) noexcept : size_(size), data_(storage) {}

shared_buffer::~shared_buffer() {
  if (owns_storage()) ::operator delete(data_, size_);
}

bool shared_buffer::owns_storage() const noexcept {
  return data_ != reinterpret_cast<const std::byte*>(this) + header_size;
}

intrusive_ptr<shared_buffer> shared_buffer::allocate(std::size_t size) {
  return intrusive_ptr<shared_buffer>::adopt(new (payload{size}) shared_buffer(size));
}

intrusive_ptr<shared_buffer> shared_buffer::allocate_storage(std::size_t size) {
  auto result = intrusive_ptr<shared_buffer>::adopt(new (payload{0}) shared_buffer(0, nullptr));
  result->data_ = static_cast<std::byte*>(::operator new(size));
  result->size_ = size;
  prefer_huge_pages(result->data_, size);
  return result;
}

void* shared_buffer::release_storage() noexcept {
  if (!owns_storage() || !unique()) return nullptr;
  size_ = 0;
  return std::exchange(data_, nullptr);
}

intrusive_ptr<shared_buffer> shared_buffer::copy(array_view<const std::byte> bytes) {
  auto result = allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(result->data(), bytes.data(), bytes.size());
  return result;
}

} // namespace weft::detail
