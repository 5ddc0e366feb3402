#pragma once

#include "runtime/wire/event_writer.hpp"

#include <limits>
#include <utility>
#include <variant>

namespace weft::detail {

/// Reads what an event_writer wrote, member by member. Lives as long as one frame.
class event_reader {
 public:
  /// `payload` is all of the frame's, and lies in `owner`.
  event_reader(batch_decoder& state, buffer_ptr owner, byte_span payload)
      : state_(state), owner_(std::move(owner)), from_(payload) {}

  bool at_end() const noexcept { return from_.at_end(); }

  /// The number of the next event in its variant. Precondition: not at the end.
  std::uint64_t read_index() { return from_.varint(); }

  /// The members of the event of that number, which must be in range.
  template <class Event>
  Event read_event(std::size_t index) {
    return read_alternative<Event>(index, std::make_index_sequence<std::variant_size_v<Event>>{});
  }

 private:
  template <class Event, std::size_t... Indices>
  Event read_alternative(std::size_t index, std::index_sequence<Indices...>) {
    using read_function = Event (*)(event_reader&);
    static constexpr read_function readers[] = {[](event_reader& self) {
      Event event{std::in_place_index<Indices>};
      self.function_ = {};
      self.read(std::get<Indices>(event));
      return event;
    }...};
    return readers[index](*this);
  }

  template <described T>
  void read(T& described_struct) {
    T::visit_members(described_struct, [&](const char*, auto& member) { read(member); });
  }
  template <std::integral T>
  void read(T& number) {
    if constexpr (std::signed_integral<T>) {
      auto wide = unzigzag(from_.varint());
      if (!std::in_range<T>(wide)) throw decode_error("a number out of range");
      number = static_cast<T>(wide);
    } else {
      auto wide = from_.varint();
      if (wide > std::numeric_limits<T>::max()) throw decode_error("a number out of range");
      number = static_cast<T>(wide);
    }
  }
  template <class Tag, class Representation>
  void read(strong_id<Tag, Representation>& id) {
    read(id.value);
  }
  void read(task_id& task) {
    last_task_.value += static_cast<std::uint64_t>(unzigzag(from_.varint()));
    task = last_task_;
  }
  void read(function_id& function) {
    auto number = from_.varint();
    if (number > state_.function_ids_.size() + 1) throw decode_error("a function that was never told of");
    if (number == state_.function_ids_.size() + 1)
      state_.function_ids_.push_back(state_.functions_.intern(read_reference()));
    function = number == 0 ? function_id{} : state_.function_ids_[number - 1];
    function_ = function;
  }
  void read(module_id& module) {
    auto number = from_.varint();
    if (number > state_.module_ids_.size() + 1) throw decode_error("a module that was never told of");
    if (number == state_.module_ids_.size() + 1) {
      module_reference reference;
      read(reference.id);
      read(reference.name);
      state_.module_ids_.push_back(state_.functions_.intern_module(reference));
    }
    module = number == 0 ? module_id{} : state_.module_ids_[number - 1];
  }
  void read(std::string& text) { text = from_.string(); }
  template <class T>
  void read(std::vector<T>& list) {
    for (auto count = from_.count(); count > 0; --count)
      read(list.emplace_back());
  }
  template <class T, std::uint32_t Capacity>
  void read(inline_list<T, Capacity>& list) {
    for (auto count = from_.count(); count > 0; --count) {
      T element;
      read(element);
      list.push_back(element);
    }
  }
  template <class T>
  void read(std::shared_ptr<const T>& pointer) {
    if (!read_flag()) return;
    auto object = std::make_shared<T>();
    read(*object);
    pointer = std::move(object);
  }
  void read(failure_ptr& what) {
    if (read_flag()) what = read_failure(from_);
  }
  void read(body_ptr& body) {
    if (auto bytes = read_encoded(); bytes.data())
      body = make_intrusive<encoded_body>(function_, owner_, bytes);
  }
  void read(value_ptr& value) {
    if (auto bytes = read_encoded(); bytes.data()) value = make_intrusive<encoded_value>(owner_, bytes);
  }
  void read(build_id& id) {
    auto bytes = from_.raw(id.bytes.size());
    std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  }

  bool read_flag() {
    auto flag = from_.u8();
    if (flag > 1) throw decode_error("a flag is neither 0 nor 1");
    return flag == 1;
  }
  // Without data where there is nothing.
  byte_span read_encoded() {
    auto size = from_.varint();
    return size == 0 ? byte_span{} : from_.raw(size - 1);
  }
  function_reference read_reference() {
    function_reference reference;
    read(reference.module);
    reference.offset = from_.varint();
    reference.type = from_.string();
    reference.name = from_.string();
    reference.module_name = from_.string();
    auto how = from_.u8();
    if (how > static_cast<std::uint8_t>(target_reference::kind::table))
      throw decode_error("a function pointer of unknown kind");
    reference.target.how = static_cast<target_reference::kind>(how);
    if (reference.target.how == target_reference::kind::none) return reference;
    read(reference.target.module);
    reference.target_module_name = from_.string();
    reference.target.offset = from_.varint();
    reference.target.second_word = from_.varint();
    return reference;
  }

  batch_decoder& state_;
  buffer_ptr owner_;
  byte_reader from_;
  task_id last_task_;
  function_id function_; // of the event in hand: its body is of this function
};

} // namespace weft::detail
