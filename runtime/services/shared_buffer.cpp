#include "runtime/services/storage_pool.hpp"

#include <weft/detail/shared_buffer.hpp>
#include <weft/detail/vector_storage.hpp>
#include <weft/errors.hpp>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace weft::detail {

namespace {
constexpr std::size_t alignment = 64;
constexpr std::size_t header_size = alignment;
constexpr std::size_t huge_pages_from = 1 << 20; // so much is worth a system call

// Each mapping keeps a descriptor, and sockets need some too.
std::atomic<std::uint64_t> descriptors_used = 0;

std::uint64_t descriptors_max() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / 4 : 0;
}

void close_descriptor(int descriptor) noexcept {
  if (descriptor < 0) return;
  ::close(descriptor);
  --descriptors_used;
}

// A file of zeros in memory whose size is final; -1 if there is none to be had.
int make_memory_file(std::size_t size) noexcept {
  if (++descriptors_used <= descriptors_max()) {
    const int file = ::memfd_create("weft buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file >= 0 && ::ftruncate(file, static_cast<off_t>(size)) == 0 &&
        ::fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
      return file;
    if (file >= 0) ::close(file);
  }
  --descriptors_used;
  return -1;
}

std::byte* map_file(int file, std::size_t size, int protection) noexcept {
  void* const memory = ::mmap(nullptr, size, protection, MAP_SHARED, file, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}
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

shared_buffer::~shared_buffer() {
  if (mapped_) {
    ::munmap(data_, size_);
    close_descriptor(descriptor_);
  } else if (owns_storage() && !keep_storage(data_, size_)) {
    ::operator delete(data_, size_);
  }
}

bool shared_buffer::owns_storage() const noexcept {
  return !mapped_ && data_ != reinterpret_cast<const std::byte*>(this) + header_size;
}

intrusive_ptr<shared_buffer> shared_buffer::allocate(std::size_t size) {
  return intrusive_ptr<shared_buffer>::adopt(new (payload{size}) shared_buffer(size));
}

// Memory of its own comes later, when there is somebody to free it.
intrusive_ptr<shared_buffer> shared_buffer::make_empty() {
  auto result = allocate(0);
  result->data_ = nullptr;
  return result;
}

intrusive_ptr<shared_buffer> shared_buffer::allocate_storage(std::size_t size) {
  auto result = make_empty();
  result->data_ = static_cast<std::byte*>(storage_pool::of_process().allocate(size, instant::now()));
  result->size_ = size;
  prefer_huge_pages(result->data_, size);
  return result;
}

void* shared_buffer::release_storage() noexcept {
  if (!owns_storage() || !unique()) return nullptr;
  size_ = 0;
  return std::exchange(data_, nullptr);
}

// -- memory of a file ---

intrusive_ptr<shared_buffer> shared_buffer::allocate_mapped(std::size_t size) {
  if (size >= mapped_min) {
    auto result = make_empty();
    if (const int file = make_memory_file(size); file >= 0) {
      // Mapped for writing before it is sealed against that: only this process can write.
      if (auto* const memory = map_file(file, size, PROT_READ | PROT_WRITE);
          memory && ::fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0) {
        result->set_mapping(file, memory, size);
        return result;
      } else if (memory) {
        ::munmap(memory, size);
      }
      close_descriptor(file);
    }
  }
  auto result = allocate(size);
  std::memset(result->data(), 0, size);
  return result;
}

intrusive_ptr<shared_buffer> shared_buffer::map(int descriptor, std::size_t size) {
  ++descriptors_used; // from here on it is counted as those that are made here
  std::byte* memory = nullptr;
  try {
    auto result = make_empty();
    struct stat about {};
    const int seals = ::fcntl(descriptor, F_GET_SEALS); // fails for what is no memory
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || ::fstat(descriptor, &about) != 0 ||
        static_cast<std::uint64_t>(about.st_size) != size || size == 0)
      throw decode_error(
          "weft: cannot decode: what was passed is not sealed memory of the size that was told");
    memory = map_file(descriptor, size, PROT_READ);
    if (!memory) throw std::bad_alloc();
    // Whoever has no descriptors to spare passes the memory on as bytes.
    if (descriptors_used > descriptors_max()) close_descriptor(std::exchange(descriptor, -1));
    result->set_mapping(descriptor, memory, size);
    result->read_only_ = true;
    return result;
  } catch (...) {
    close_descriptor(descriptor);
    throw;
  }
}

void shared_buffer::set_mapping(int file, std::byte* memory, std::size_t size) noexcept {
  data_ = memory;
  size_ = size;
  descriptor_ = file;
  mapped_ = true;
}

intrusive_ptr<shared_buffer> shared_buffer::copy(array_view<const std::byte> bytes) {
  auto result = allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(result->data(), bytes.data(), bytes.size());
  return result;
}

} // namespace weft::detail
