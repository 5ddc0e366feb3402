#include "runtime/core/page_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace weft::detail {

namespace {

constexpr std::size_t region_size = std::size_t{4} << 20; // two huge pages; also its alignment
constexpr std::size_t grain = 64;
constexpr std::size_t first_page = 256; // in each region, behind what is known of it
constexpr std::size_t largest_page = region_size / 8;
constexpr std::size_t spare_regions_kept = 32; // for ever

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool by_region = false; // the sanitizer is to see each page's own life, and what lies in it
#else
constexpr bool by_region = true;
#endif

struct free_page {
  free_page* next;
};

struct region {
  std::size_t shelf; // index
  region* previous = nullptr;
  region* next = nullptr;
  free_page* free = nullptr;
  std::size_t carved = first_page; // bytes; what lies behind was never given out
  std::size_t in_use = 0;          // pages
};
static_assert(sizeof(region) <= first_page);

// The regions of one page size.
struct shelf {
  std::size_t page_size;
  region* open = nullptr; // those with room, a list
  std::size_t regions = 0;

  bool has_room(const region& its) const noexcept {
    return its.free || region_size - its.carved >= page_size;
  }
  void link(region& its) noexcept {
    its.previous = nullptr;
    its.next = open;
    if (open) open->previous = &its;
    open = &its;
  }
  void unlink(region& its) noexcept {
    (its.previous ? its.previous->next : open) = its.next;
    if (its.next) its.next->previous = its.previous;
  }
};

// The first region of a size is made of small pages: who needs little touches little.
void* map_region(bool huge) {
  const auto map = [](std::size_t size) {
    void* const mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc{};
    return reinterpret_cast<std::uintptr_t>(mapped);
  };
  // Twice as much contains an aligned one.
  const std::uintptr_t begin = map(2 * region_size);
  const std::uintptr_t aligned = (begin + region_size - 1) / region_size * region_size;
  if (aligned > begin) munmap(reinterpret_cast<void*>(begin), aligned - begin);
  const std::uintptr_t rest = begin + 2 * region_size - (aligned + region_size);
  if (rest > 0) munmap(reinterpret_cast<void*>(aligned + region_size), rest);
  void* const result = reinterpret_cast<void*>(aligned);
  if (huge) madvise(result, region_size, MADV_HUGEPAGE); // in vain where the system has none
  return result;
}

class store {
 public:
  void* take(std::size_t size) {
    std::lock_guard lock{mutex_};
    shelf& its = shelf_of(size);
    if (!its.open) add_region(its);
    region& from = *its.open;
    void* page = from.free;
    if (page) {
      from.free = from.free->next;
    } else {
      page = reinterpret_cast<std::byte*>(&from) + from.carved;
      from.carved += its.page_size;
    }
    ++from.in_use;
    if (!its.has_room(from)) its.unlink(from);
    return page;
  }

  void give_back(void* page) noexcept {
    auto& home =
        *reinterpret_cast<region*>(reinterpret_cast<std::uintptr_t>(page) / region_size * region_size);
    std::lock_guard lock{mutex_};
    shelf& its = shelves_[home.shelf];
    if (!its.has_room(home)) its.link(home);
    home.free = new (page) free_page{home.free};
    if (--home.in_use > 0) return;
    its.unlink(home);
    --its.regions;
    home.next = std::exchange(spare_, &home);
    ++spare_count_;
  }

  void trim() noexcept {
    region* superfluous = nullptr;
    {
      std::lock_guard lock{mutex_};
      for (std::size_t idle = spare_least_; idle > spare_regions_kept; --idle) {
        region* const its = spare_;
        spare_ = its->next;
        --spare_count_;
        its->next = std::exchange(superfluous, its);
      }
      spare_least_ = spare_count_;
    }
    while (superfluous)
      munmap(std::exchange(superfluous, superfluous->next), region_size);
  }

 private:
  shelf& shelf_of(std::size_t size) {
    for (shelf& each : shelves_)
      if (each.page_size == size) return each;
    return shelves_.emplace_back(shelf{size});
  }

  void add_region(shelf& to) {
    void* memory = spare_;
    if (memory) {
      spare_ = spare_->next;
      spare_least_ = std::min(spare_least_, --spare_count_);
    } else {
      memory = map_region(to.regions > 0);
    }
    to.link(*new (memory) region{static_cast<std::size_t>(&to - shelves_.data())});
    ++to.regions;
  }

  std::mutex mutex_;
  std::vector<shelf> shelves_;
  region* spare_ = nullptr; // a list
  std::size_t spare_count_ = 0;
  std::size_t spare_least_ = 0; // since the last trim
};

// Never destroyed: other statics may still release something then.
store& the_store() {
  static auto* const its = new store;
  return *its;
}

constexpr std::size_t rounded(std::size_t size) noexcept {
  return (size + grain - 1) / grain * grain;
}

} // namespace

void* allocate_page(std::size_t size) {
  if (!by_region || size > largest_page) return ::operator new (size, std::align_val_t{grain});
  return the_store().take(rounded(size));
}

void release_page(void* page, std::size_t size) noexcept {
  if (!by_region || size > largest_page) return ::operator delete (page, std::align_val_t{grain});
  the_store().give_back(page);
}

void trim_page_memory() noexcept {
  the_store().trim();
}

} // namespace weft::detail
