#pragma once

#include <weft/ids.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace weft::detail {

/// Records by task id. Ids are dense per client, so a look-up is a page number and an offset: no hashing,
/// records stay where they are, and iteration is in the order of ids whatever the history. A page of
/// 2^PageBits records is freed when its last record goes; one long-lived record keeps one page.
template <class Record, unsigned PageBits>
class task_table {
  static_assert(PageBits >= 6);
  static constexpr std::uint64_t page_size = std::uint64_t{1} << PageBits;

  struct page {
    std::array<std::uint64_t, page_size / 64> present{};
    std::uint32_t live = 0;
    alignas(Record) std::byte storage[page_size * sizeof(Record)];

    Record* at(std::uint64_t offset) noexcept {
      return std::launder(reinterpret_cast<Record*>(storage + offset * sizeof(Record)));
    }
    bool has(std::uint64_t offset) const noexcept { return present[offset / 64] >> (offset % 64) & 1; }
  };

  // The pages of one client, from `first` on; what came before is freed and stays so.
  struct slab {
    std::uint64_t first = 0;
    std::size_t head = 0; // pages before it are freed and forgotten at the next trim
    std::vector<std::unique_ptr<page>> pages;
  };

 public:
  task_table() = default;
  task_table(const task_table&) = delete;
  task_table& operator=(const task_table&) = delete;
  ~task_table() {
    for_each([this](task_id id, Record&) { erase(id); });
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
    slab& home = slabs_[id.client().value];
    const std::uint64_t index = (id.sequence() >> PageBits) - home.first;
    page& its = *home.pages[index];
    const std::uint64_t offset = id.sequence() % page_size;
    its.present[offset / 64] &= ~(std::uint64_t{1} << (offset % 64));
    its.at(offset)->~Record();
    --size_;
    if (--its.live == 0) {
      // One spare page, so that a lone record made and ended over and over does not cost a page each time.
      spare_ = std::move(home.pages[index]);
      trim(home);
    }
  }

  /// Calls visit(task_id, Record&) for each, in the order of ids. The visitor may erase the record it is
  /// given.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    for (std::uint32_t client = 0; client < slabs_.size(); ++client)
      for_each_of(client_id{client}, visit);
  }

  /// The same for the tasks of one client. The visitor may erase any record, and insert none.
  template <class Visitor>
  void for_each_of(client_id client, Visitor&& visit) {
    if (client.value >= slabs_.size()) return;
    const std::uint64_t from = slabs_[client.value].first;
    const std::uint64_t until = from + slabs_[client.value].pages.size();
    for (std::uint64_t number = from; number < until; ++number)
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
  page* page_of(task_id id) const noexcept {
    const std::uint32_t client = id.client().value;
    if (client >= slabs_.size()) return nullptr;
    const slab& home = slabs_[client];
    const std::uint64_t index = (id.sequence() >> PageBits) - home.first; // wraps round for what came before
    return index < home.pages.size() ? home.pages[index].get() : nullptr;
  }

  page& page_for(task_id id) {
    const std::uint32_t client = id.client().value;
    if (client >= slabs_.size()) slabs_.resize(client + 1);
    slab& home = slabs_[client];
    const std::uint64_t number = id.sequence() >> PageBits;
    if (home.pages.empty()) home.first = number;
    while (number < home.first) { // rare: a table that sees a client's later tasks first
      home.pages.insert(home.pages.begin(), nullptr);
      --home.first;
      ++home.head;
    }
    if (number - home.first >= home.pages.size()) home.pages.resize(number - home.first + 1);
    auto& place = home.pages[number - home.first];
    if (!place) {
      place = spare_ ? std::move(spare_) : std::unique_ptr<page>(new page);
      if (number - home.first < home.head) home.head = number - home.first;
    }
    return *place;
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

  std::vector<slab> slabs_;
  std::unique_ptr<page> spare_;
  std::size_t size_ = 0;
};

} // namespace weft::detail
