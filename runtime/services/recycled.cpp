#include <weft/detail/recycled.hpp>

#include "runtime/core/page_memory.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <utility>

// Each thread has a list of free blocks for each size. When it runs empty or grows long, a batch of blocks is
// taken from, or left to, the other threads, so that the lock is needed once a batch.
namespace weft::detail {

namespace {

constexpr std::size_t grain = 16; // bytes; what operator new aligns to
constexpr std::size_t sizes = 8;  // of 16, 32, … bytes
constexpr std::size_t batch_blocks = 64;
constexpr std::size_t chunk_size = 65'472; // 64 of them fill a region of page_memory

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool recycles = false; // the sanitizer is to see each object's own life
#else
constexpr bool recycles = true;
#endif

struct block {
  block* next;
  block* next_batch; // in the first block of a batch
};
static_assert(sizeof(block) <= grain);

// What the threads leave to each other. Never destroyed: other statics may still free something then.
struct depot {
  std::mutex mutex;
  std::array<block*, sizes> batches{};
  std::array<std::byte*, sizes> chunk_at{};
  std::array<std::byte*, sizes> chunk_end{};

  block* take(std::size_t index) {
    std::lock_guard lock{mutex};
    if (block* const batch = batches[index]) {
      batches[index] = batch->next_batch;
      return batch;
    }
    const std::size_t size = (index + 1) * grain;
    if (static_cast<std::size_t>(chunk_end[index] - chunk_at[index]) < size) {
      chunk_at[index] = static_cast<std::byte*>(allocate_page(chunk_size));
      chunk_end[index] = chunk_at[index] + chunk_size;
    }
    block* first = nullptr;
    block** link = &first;
    for (std::size_t i = 0;
         i < batch_blocks && static_cast<std::size_t>(chunk_end[index] - chunk_at[index]) >= size; ++i) {
      *link = reinterpret_cast<block*>(chunk_at[index]);
      link = &(*link)->next;
      chunk_at[index] += size;
    }
    *link = nullptr;
    return first;
  }
  void leave(std::size_t index, block* batch) noexcept {
    std::lock_guard lock{mutex};
    batch->next_batch = batches[index];
    batches[index] = batch;
  }
};

depot& the_depot() {
  static auto* const its = new depot;
  return *its;
}

struct thread_blocks {
  struct list {
    block* first = nullptr;
    std::size_t count = 0;
    block* spare = nullptr; // a whole batch
  };
  std::array<list, sizes> lists{};

  ~thread_blocks();
};

// Read at each call, so without a call to find it. Null before a thread's first use and after its end.
[[gnu::tls_model("initial-exec")]] thread_local thread_blocks* of_this_thread = nullptr;
thread_local bool ended = false;

thread_blocks::~thread_blocks() {
  of_this_thread = nullptr;
  ended = true;
  for (std::size_t index = 0; index < sizes; ++index)
    for (block* rest : {lists[index].first, lists[index].spare})
      if (rest) the_depot().leave(index, rest);
}

thread_blocks* begin_thread() {
  if (ended) return nullptr;
  thread_local thread_blocks its;
  return of_this_thread = &its;
}

constexpr std::size_t index_of(std::size_t size) noexcept {
  return (size - 1) / grain;
}

} // namespace

void* allocate_recycled(std::size_t size) {
  const std::size_t index = index_of(size);
  if (!recycles || index >= sizes) return ::operator new(size);
  thread_blocks* const mine = of_this_thread ? of_this_thread : begin_thread();
  if (!mine) {
    block* const batch = the_depot().take(index);
    if (batch->next) the_depot().leave(index, batch->next);
    return batch;
  }
  auto& list = mine->lists[index];
  if (!list.first) {
    list.first = list.spare ? std::exchange(list.spare, nullptr) : the_depot().take(index);
    list.count = batch_blocks; // or fewer, which does no harm
  }
  block* const taken = list.first;
  list.first = taken->next;
  --list.count;
  return taken;
}

void release_recycled(void* memory, std::size_t size) noexcept {
  const std::size_t index = index_of(size);
  if (!recycles || index >= sizes) return ::operator delete(memory);
  thread_blocks* const mine = of_this_thread ? of_this_thread : begin_thread();
  auto* const freed = static_cast<block*>(memory);
  if (!mine) {
    freed->next = nullptr;
    return the_depot().leave(index, freed);
  }
  auto& list = mine->lists[index];
  if (list.count >= batch_blocks) {
    if (list.spare) the_depot().leave(index, list.spare);
    list.spare = std::exchange(list.first, nullptr);
    list.count = 0;
  }
  freed->next = list.first;
  list.first = freed;
  ++list.count;
}

} // namespace weft::detail
