#pragma once

#include "runtime/core/page_memory.hpp"

#include <weft/ids.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace weft::detail {

/// Records by task id. Ids are dense per client, so a look-up is a page number and an offset: no hashing,
/// records stay where they are, and iteration is in the order of ids whatever the history. A page of
/// 2^PageBits records is freed when its last record goes; one long-lived record keeps one page. Ids may come
/// from a peer that names any: those far from all others are looked up in a map, and cost no list of the
/// pages between.
template <class Record, unsigned PageBits>
class task_table {
  static_assert(PageBits >= 6 && alignof(Record) <= alignof(std::max_align_t));
  static constexpr std::uint64_t page_size = std::uint64_t{1} << PageBits;

  struct page {
    std::array<std::uint64_t, page_size / 64> present{};
    std::uint32_t live = 0;
    void* owner;
    alignas(Record) std::byte storage[page_size * sizeof(Record)];

    explicit page(void* whose) noexcept : owner(whose) {}

    Record* at(std::uint64_t offset) noexcept {
      return std::launder(reinterpret_cast<Record*>(storage + offset * sizeof(Record)));
    }
    bool has(std::uint64_t offset) const noexcept { return present[offset / 64] >> (offset % 64) & 1; }

    static void* operator new(std::size_t size) { return allocate_page(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { release_page(memory, size); }
  };

  // The longest list of pages that one id may make, and the most clients that it may skip.
  static constexpr std::uint64_t stretch_max = 1 << 16;

  // The pages of one client, from `first` on; what came before is freed and stays so.
  struct slab {
    std::uint64_t first = 0;
    std::size_t head = 0; // pages before it are freed and forgotten at the next trim
    std::vector<std::unique_ptr<page>> pages;
  };

 public:
  /// `owner` is what `owner_of` says.
  explicit task_table(void* owner = nullptr) : owner_(owner) {}
  task_table(const task_table&) = delete;
  task_table& operator=(const task_table&) = delete;
  ~task_table() {
    for_each([this](task_id id, Record&) { erase(id); });
  }

  /// Whose table a record is in, from the record alone. It must be a table's, of this id. Thread-safe.
  static void* owner_of(const Record& record, task_id id) noexcept {
    const auto* const bytes = reinterpret_cast<const std::byte*>(&record);
    const auto before = offsetof(page, storage) + id.sequence() % page_size * sizeof(Record);
    return std::launder(reinterpret_cast<const page*>(bytes - before))->owner;
  }

  std::size_t size() const noexcept { return size_; }

  Record* find(task_id id) noexcept {
    page* const found = page_of(id);
    const std::uint64_t offset = id.sequence() % page_size;
    return found && found->has(offset) ? found->at(offset) : nullptr;
  }
  const Record* find(task_id id) const noexcept { return const_cast<task_table*>(this)->find(id); }

  /// Makes a record; none of this id may exist.
  template <class... Arguments>
  Record& insert(task_id id, Arguments&&... arguments) {
    page& home = page_for(id);
    const std::uint64_t offset = id.sequence() % page_size;
    Record* record =
        new (home.storage + offset * sizeof(Record)) Record(std::forward<Arguments>(arguments)...);
    home.present[offset / 64] |= std::uint64_t{1} << (offset % 64);
    ++home.live;
    ++size_;
    return *record;
  }

  /// Ends a record that exists.
  void erase(task_id id) noexcept {
    page& its = *page_of(id);
    const std::uint64_t offset = id.sequence() % page_size;
    its.present[offset / 64] &= ~(std::uint64_t{1} << (offset % 64));
    its.at(offset)->~Record();
    --size_;
    if (--its.live == 0) end_page(id);
  }

  /// Calls visit(task_id, Record&) for each, in the order of ids. The visitor may erase the record it is
  /// given.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    for (std::uint32_t client = 0; client < slabs_.size(); ++client)
      for_each_of(client_id{client}, visit);
    for (auto far = far_.lower_bound(slabs_.size() << client_shift); far != far_.end();) {
      const std::uint64_t client = far->first >> client_shift;
      for_each_of(client_id{static_cast<std::uint32_t>(client)}, visit);
      far = far_.lower_bound((client + 1) << client_shift);
    }
  }

  /// The same for the tasks of one client. The visitor may erase any record, and insert none.
  template <class Visitor>
  void for_each_of(client_id client, Visitor&& visit) {
    for (std::uint64_t number = 0; next_page(client.value, number); ++number)
      for (std::uint64_t offset = 0; offset < page_size; ++offset) {
        const task_id id = task_id::make(client, number << PageBits | offset);
        page* const its = page_of(id);
        if (!its) break;
        const std::uint64_t rest = its->present[offset / 64] >> (offset % 64);
        if (rest == 0) {
          offset |= 63; // nothing more in this word
          continue;
        }
        if (its->has(offset)) visit(id, *its->at(offset));
      }
  }

 private:
  static constexpr unsigned client_shift = task_id::sequence_bits - PageBits;

  page* page_of(task_id id) const noexcept {
    const std::uint32_t client = id.client().value;
    if (client < slabs_.size()) {
      const slab& home = slabs_[client];
      const std::uint64_t index =
          (id.sequence() >> PageBits) - home.first; // wraps round for what came before
      if (index < home.pages.size() && home.pages[index]) return home.pages[index].get();
    }
    return far_.empty() ? nullptr : far_page_of(id);
  }

  page* far_page_of(task_id id) const noexcept {
    const auto far = far_.find(id.value >> PageBits);
    return far == far_.end() ? nullptr : far->second.get();
  }

  page& page_for(task_id id) {
    if (page* const known = page_of(id)) return *known;
    std::unique_ptr<page>& place = place_for(id);
    place = spare_ ? std::move(spare_) : std::unique_ptr<page>(new page(owner_));
    return *place;
  }

  // Where the page of this id, which does not exist, shall be.
  std::unique_ptr<page>& place_for(task_id id) {
    const std::uint32_t client = id.client().value;
    const std::uint64_t number = id.sequence() >> PageBits;
    if (client >= slabs_.size() + stretch_max) return far_[id.value >> PageBits];
    if (client >= slabs_.size()) slabs_.resize(client + 1);
    slab& home = slabs_[client];
    if (home.pages.empty()) home.first = number;
    if (number < home.first) { // rare: a table that sees a client's later tasks first
      const std::uint64_t missing = home.first - number;
      if (missing > stretch_max) return far_[id.value >> PageBits];
      std::vector<std::unique_ptr<page>> longer(missing + home.pages.size());
      std::move(home.pages.begin(), home.pages.end(), longer.begin() + static_cast<std::ptrdiff_t>(missing));
      home.pages = std::move(longer);
      home.first = number;
      home.head = 0;
    }
    const std::uint64_t index = number - home.first;
    if (index >= home.pages.size() + stretch_max) return far_[id.value >> PageBits];
    if (index >= home.pages.size()) home.pages.resize(index + 1);
    if (index < home.head) home.head = index;
    return home.pages[index];
  }

  void end_page(task_id id) noexcept {
    // One spare page, so that a lone record made and ended over and over does not cost a page each time.
    if (const auto far = far_.empty() ? far_.end() : far_.find(id.value >> PageBits); far != far_.end()) {
      spare_ = std::move(far->second);
      far_.erase(far);
      return;
    }
    slab& home = slabs_[id.client().value];
    spare_ = std::move(home.pages[(id.sequence() >> PageBits) - home.first]);
    trim(home);
  }

  // Moves `number` on to the next page of this client that there is; false if there is none.
  bool next_page(std::uint32_t client, std::uint64_t& number) const noexcept {
    const std::uint64_t none = std::uint64_t{1} << client_shift;
    std::uint64_t near = none;
    if (client < slabs_.size()) {
      const slab& home = slabs_[client];
      std::uint64_t index = number > home.first ? number - home.first : 0;
      while (index < home.pages.size() && !home.pages[index])
        ++index;
      if (index < home.pages.size()) near = home.first + index;
    }
    if (!far_.empty() && number < none) {
      const std::uint64_t base = std::uint64_t{client} << client_shift;
      const auto far = far_.lower_bound(base + number);
      if (far != far_.end() && far->first - base < near) near = far->first - base;
    }
    number = near;
    return near < none;
  }

  static void trim(slab& home) noexcept {
    while (home.head < home.pages.size() && !home.pages[home.head])
      ++home.head;
    if (home.head == home.pages.size() || home.head > home.pages.size() / 2 + 16) {
      home.pages.erase(home.pages.begin(), home.pages.begin() + static_cast<std::ptrdiff_t>(home.head));
      home.first += home.head;
      home.head = 0;
    }
  }

  void* owner_;
  std::vector<slab> slabs_;
  std::map<std::uint64_t, std::unique_ptr<page>> far_; // by id without the offset in the page
  std::unique_ptr<page> spare_;
  std::size_t size_ = 0;
};

} // namespace weft::detail
