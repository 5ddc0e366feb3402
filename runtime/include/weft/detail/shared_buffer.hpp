#pragma once

#include <weft/detail/array_view.hpp>
#include <weft/detail/atomic_word.hpp>
#include <weft/detail/intrusive_ptr.hpp>
#include <weft/export.hpp>

#include <cstddef>

namespace weft::detail {

/// Asks the kernel to back memory that was not touched yet with huge pages, if it is large: filling 200 MB
/// for the first time takes 4 KiB pages longer than receiving them over a socket.
WEFT_API void prefer_huge_pages(void* memory, std::size_t size) noexcept;

/// A block of bytes that its owners share. Allocated without being cleared, because a large one is filled by
/// the socket right away and touching 200 MB twice costs as much as receiving it. Whoever allocated it may
/// write until the first other owner exists; from then on nobody may.
class WEFT_API shared_buffer : public reference_counted<shared_buffer> {
 public:
  /// Uninitialised, aligned for every type up to 64 bytes. Throws std::bad_alloc.
  static intrusive_ptr<shared_buffer> allocate(std::size_t size);
  /// Uninitialised memory that a sole owner can take out: `size` (not 0) bytes of ::operator new. Throws
  /// std::bad_alloc.
  static intrusive_ptr<shared_buffer> allocate_storage(std::size_t size);
  /// Zeroed memory of a file without a name, which other processes of this machine can map (`descriptor`).
  /// Ordinary zeroed memory if `size` (not 0) is below `mapped_min`, or if the process has few descriptors
  /// left. Throws std::bad_alloc.
  static intrusive_ptr<shared_buffer> allocate_mapped(std::size_t size);
  /// Maps, for reading only, the memory that another process made with `allocate_mapped`. Takes over the
  /// descriptor. Throws weft::decode_error unless it is such memory of just this size, which nobody can cut
  /// short, and std::bad_alloc.
  static intrusive_ptr<shared_buffer> map(int descriptor, std::size_t size);
  /// Below this, copying is as fast as mapping.
  static constexpr std::size_t mapped_min = 256 << 10;
  /// A copy of `bytes`.
  static intrusive_ptr<shared_buffer> copy(array_view<const std::byte> bytes);

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  array_view<const std::byte> bytes() const noexcept { return {data_, size_}; }

  /// Of the file that the memory is mapped from, -1 if it is from none.
  int descriptor() const noexcept { return descriptor_; }
  /// Notes that another process is given the descriptor.
  void pass() const noexcept { passed_.store(true); }
  /// Whether nobody but a sole owner sees the memory, who then may write.
  bool is_exclusive() const noexcept { return unique() && !read_only_ && !passed_.load(); }

  /// Gives the memory to the caller, who frees it with ::operator delete; the buffer is empty then. Null if
  /// the memory is not from `allocate_storage`, or if there are other owners, who may be reading it.
  void* release_storage() noexcept;

  /// The object and the bytes behind it are one allocation, so only the functions above can make one.
  static void operator delete(void* object);

 private:
  friend reference_counted<shared_buffer>;

  struct payload {
    std::size_t size;
  };
  static void* operator new(std::size_t object_size, payload behind);
  static void operator delete(void* object, payload behind);
  explicit shared_buffer(std::size_t size) noexcept;
  static intrusive_ptr<shared_buffer> make_empty();
  void set_mapping(int file, std::byte* memory, std::size_t size) noexcept;
  ~shared_buffer();
  bool owns_storage() const noexcept;

  std::size_t size_;
  std::byte* data_; // behind the object, or memory of its own
  int descriptor_ = -1;
  bool mapped_ = false;
  bool read_only_ = false;
  mutable atomic_word<bool> passed_{false};
};

using buffer_ptr = intrusive_ptr<const shared_buffer>;

} // namespace weft::detail
