#include "runtime/services/storage_pool.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace weft::detail {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool pooled = false; // the sanitizer is to see each block's own life
#else
constexpr bool pooled = true;
#endif

} // namespace

storage_pool::shelf::shelf() {
  free.reserve(bytes_max / block_min);
  lent.reserve(lent_max);
}

// Of blocks that somebody took for good the oldest are forgotten.
void storage_pool::shelf::lend(void* block) noexcept {
  if (lent.size() == lent_max) lent.erase(lent.begin());
  lent.push_back(block);
}

storage_pool& storage_pool::of_process() {
  static auto& pool = *new storage_pool;
  return pool;
}

storage_pool::~storage_pool() {
  for (const auto& [size, its] : shelves_)
    for (void* const block : its.free)
      ::operator delete(block, size);
}

void* storage_pool::allocate(std::size_t size, instant now) {
  if (size < block_min) return ::operator new(size);
  std::unique_lock lock{mutex_};
  shelf& its = shelves_[size];
  its.used = now;
  void* block = nullptr;
  if (!its.free.empty()) {
    block = its.free.back();
    its.free.pop_back();
    bytes_ -= size;
    its.lend(block);
    return block;
  }
  lock.unlock();
  block = ::operator new(size);
  lock.lock();
  if (const auto found = shelves_.find(size); found != shelves_.end()) found->second.lend(block);
  return block;
}

bool storage_pool::keep(void* block, std::size_t size, instant now) noexcept {
  if (size < block_min) return false;
  std::lock_guard lock{mutex_};
  const auto found = shelves_.find(size);
  if (found == shelves_.end() || bytes_ + size > bytes_max) return false;
  shelf& its = found->second;
  const auto lent = std::find(its.lent.begin(), its.lent.end(), block);
  if (lent == its.lent.end()) return false;
  its.used = now;
  its.lent.erase(lent);
  its.free.push_back(block);
  bytes_ += size;
  return true;
}

void storage_pool::trim(instant now) noexcept {
  std::map<std::size_t, shelf> old;
  {
    std::lock_guard lock{mutex_};
    for (auto at = shelves_.begin(); at != shelves_.end();) {
      const auto next = std::next(at);
      if ((now - at->second.used).count() >= patience) {
        bytes_ -= at->first * at->second.free.size();
        old.insert(shelves_.extract(at));
      }
      at = next;
    }
  }
  for (const auto& [size, its] : old)
    for (void* const block : its.free)
      ::operator delete(block, size);
}

std::size_t storage_pool::kept_bytes() const {
  std::lock_guard lock{mutex_};
  return bytes_;
}

bool keep_storage(void* storage, std::size_t size) noexcept {
  return pooled && storage_pool::of_process().keep(storage, size, instant::now());
}

} // namespace weft::detail
