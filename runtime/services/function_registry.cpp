#include "runtime/services/function_registry.hpp"

#include <weft/codec.hpp>
#include <weft/errors.hpp>

#include "runtime/core/module_absent.hpp"
#include "runtime/services/function_pointers.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace weft::detail {

namespace {

/// What another process may have one print or keep.
constexpr std::size_t name_length_max = 200;

std::string printable(std::string text) {
  text.resize(std::min(text.size(), name_length_max));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.empty() ? "function" : text;
}

} // namespace

void register_function(function_descriptor& descriptor) {
  function_registry::instance().add(descriptor);
}

function_id number_function(function_descriptor& descriptor) {
  return function_registry::instance().number(descriptor);
}

function_id number_function(function_descriptor& descriptor, const callable_words& words) {
  return function_registry::instance().number(descriptor, words);
}

void encode_function_pointer(encoder& to, callable_kind kind, const callable_words& words) {
  const auto target = function_registry::instance().target_to_send(kind, words);
  to.write(static_cast<std::uint8_t>(target.how));
  to.write_bytes(target.module.bytes.data(), target.module.bytes.size());
  to.write(target.offset);
  to.write(target.second_word);
  const auto name = function_registry::instance().module_name(target.module).substr(0, name_length_max);
  to.write(static_cast<std::uint8_t>(name.size()));
  to.write_bytes(name.data(), name.size());
}

callable_words decode_function_pointer(decoder& from, callable_kind kind) {
  const auto how = from.read<std::uint8_t>();
  if (how > static_cast<std::uint8_t>(target_reference::kind::table))
    throw decode_error("weft: a task's function pointer is damaged");
  target_reference target;
  target.how = static_cast<target_reference::kind>(how);
  from.read_bytes(target.module.bytes.data(), target.module.bytes.size());
  target.offset = from.read<std::uint64_t>();
  target.second_word = from.read<std::uint64_t>();
  std::array<char, std::numeric_limits<std::uint8_t>::max()> name;
  const auto length = from.read<std::uint8_t>();
  from.read_bytes(name.data(), length);
  return function_registry::instance().words_received(kind, target, {name.data(), length});
}

void encode_function_address(encoder& to, std::uintptr_t address) {
  encode_function_pointer(to, callable_kind::pointer, {address, 0});
}

std::uintptr_t decode_function_address(decoder& from) {
  return decode_function_pointer(from, callable_kind::pointer).first;
}

// -- published_numbers -----------------------------------------------------------

published_numbers::~published_numbers() {
  for (auto& chunk : chunks_)
    delete[] chunk.load(std::memory_order_relaxed);
}

std::uint32_t published_numbers::load(std::size_t index) const noexcept {
  if (index >= size_max) return 0;
  const auto* const chunk = chunks_[index / chunk_size].load(std::memory_order_acquire);
  return chunk ? chunk[index % chunk_size].load(std::memory_order_acquire) : 0;
}

void published_numbers::store(std::size_t index, std::uint32_t number) {
  if (index >= size_max) throw std::length_error("weft: too many task functions or modules");
  auto& place = chunks_[index / chunk_size];
  auto* chunk = place.load(std::memory_order_relaxed);
  if (!chunk) {
    chunk = new std::atomic<std::uint32_t>[chunk_size] {};
    place.store(chunk, std::memory_order_release);
  }
  chunk[index % chunk_size].store(number, std::memory_order_release);
}

// -- this process's functions ----------------------------------------------------

function_registry& function_registry::instance() {
  // Never destroyed: static objects of libraries may still submit or print when the program ends.
  static auto* const registry = new function_registry;
  return *registry;
}

void function_registry::add(function_descriptor& descriptor) {
  const std::lock_guard lock(mutex_);
  // What an unloaded library left behind must go before another library's descriptors come to lie at its
  // addresses.
  rescan_if_changed();
  descriptors_.insert(&descriptor);
}

function_id function_registry::number(function_descriptor& descriptor) {
  const std::lock_guard lock(mutex_);
  if (const auto number = descriptor.number.load()) return {number};
  const auto function = number_locked(descriptor, {});
  descriptor.number.store(function.value);
  return function;
}

std::size_t function_registry::slot_of(const function_descriptor& descriptor,
                                       const callable_words& words) noexcept {
  const auto mixed = (reinterpret_cast<std::uintptr_t>(&descriptor) ^ words.first ^ (words.second << 1)) *
                     std::uint64_t{0x9e3779b97f4a7c15};
  return static_cast<std::size_t>(mixed >> 54); // ten bits: pointer_slots
}

function_id function_registry::number(function_descriptor& descriptor, const callable_words& words) {
  auto& slot = pointer_cache_[slot_of(descriptor, words)];
  const auto* const cached = slot.load(std::memory_order_acquire);
  if (cached && cached->descriptor == &descriptor && cached->words == words) return cached->function;
  const std::lock_guard lock(mutex_);
  auto& entry = by_pointer_[{&descriptor, words.first, words.second}];
  if (!entry) {
    const auto function = number_locked(descriptor, words);
    entry = &pointers_.emplace_back(pointer_entry{&descriptor, words, function});
  }
  slot.store(entry, std::memory_order_release);
  return entry->function;
}

function_id function_registry::number_locked(function_descriptor& descriptor, const callable_words& words) {
  const auto [module, place] = locate(reinterpret_cast<std::uintptr_t>(&descriptor));
  if (!module) throw std::logic_error("weft: a task function's descriptor lies in no loaded module");
  function_record made;
  made.descriptor = &descriptor;
  made.words = words;
  made.reference.module = module->reference.id;
  made.reference.module_name = module->reference.name;
  made.reference.offset = reinterpret_cast<std::uintptr_t>(&descriptor) - place->base;
  made.reference.type = descriptor.type->name();
  made.reference.target = target_of(descriptor.kind, words);
  made.module = intern_locked(module->reference);
  if (made.reference.target.how == target_reference::kind::function)
    if (const auto* const called = loaded_with(made.reference.target.module)) {
      made.reference.target_module_name = called->reference.name;
      // No worker is asked for a module whose pointers do not travel anyhow.
      if (called != module && allows_pointers(*called)) made.target_module = intern_locked(called->reference);
    }
  const reference_key key{made.reference.module, made.reference.offset, made.reference.target};
  const auto known = by_reference_.find(key);
  if (known == by_reference_.end()) return append(std::move(made));
  // Another process told of it first, perhaps before the module was loaded here.
  auto& record = this->record(known->second);
  record.descriptor = &descriptor;
  record.words = words;
  return known->second;
}

function_id function_registry::append(function_record record) {
  const reference_key key{record.reference.module, record.reference.offset, record.reference.target};
  const function_id function{static_cast<std::uint32_t>(functions_.size() + 1)};
  function_modules_.store(functions_.size(), record.module.value);
  target_modules_.store(functions_.size(), record.target_module.value);
  functions_.push_back(std::move(record));
  by_reference_.emplace(key, function);
  return function;
}

target_reference function_registry::target_of(callable_kind kind, const callable_words& words) {
  target_reference target;
  const bool member = kind == callable_kind::member_function;
  if (kind != callable_kind::pointer && !member) return target;
  target.second_word = words.second;
  // A pointer to a virtual member function holds a place in the table, plus one (Itanium C++ ABI, 2.3).
  if (member && (words.first & 1) != 0) {
    target.how = target_reference::kind::table;
    target.offset = words.first;
    return target;
  }
  target.how = target_reference::kind::function;
  target.offset = words.first;
  if (const auto [module, place] = locate(words.first); module) {
    target.module = module->reference.id;
    target.offset = words.first - place->base;
  }
  return target;
}

// -- across processes ------------------------------------------------------------

function_reference function_registry::reference(function_id function) {
  const std::lock_guard lock(mutex_);
  auto& record = this->record(function);
  if (record.descriptor) require_travels(record.reference.target, record.words);
  if (record.reference.name.empty()) record.reference.name = make_name(record);
  return record.reference;
}

void function_registry::require_travels(const target_reference& target, const callable_words& words) const {
  if (target.how != target_reference::kind::function) return;
  const auto* const module = loaded_with(target.module);
  if (!module || !allows_pointers(*module))
    throw cannot_travel("weft: a pointer to a function in " +
                        (module ? module->reference.name : "no module") +
                        " cannot travel: only functions of the program and of its task libraries lie at the "
                        "same place in every process; wrap it in a lambda");
  if (!is_function_start(words.first))
    throw cannot_travel(
        "weft: a function pointer cannot travel: no function begins where it points to (one of "
        "another library, in a program linked with -no-pie, is a jump to it); wrap the call in "
        "a lambda");
}

target_reference function_registry::target_to_send(callable_kind kind, const callable_words& words) {
  const std::lock_guard lock(mutex_);
  const auto target = target_of(kind, words);
  require_travels(target, words);
  return target;
}

callable_words function_registry::words_received(callable_kind kind, const target_reference& target,
                                                 std::string_view module_name) {
  const std::lock_guard lock(mutex_);
  rescan_if_changed();
  const bool table = target.how == target_reference::kind::table;
  if (target.how == target_reference::kind::none || (table && kind != callable_kind::member_function))
    throw decode_error("weft: a task's function pointer is damaged");
  if (!table && !loaded_with(target.module))
    throw module_absent("weft: a pointer leads to a function of " + printable(std::string(module_name)) +
                        ", build-id " + target.module.hex() + ", which is not loaded here; here are " +
                        present_modules());
  return words_of(target);
}

function_id function_registry::intern(const function_reference& reference) {
  const std::lock_guard lock(mutex_);
  rescan_if_changed();
  const reference_key key{reference.module, reference.offset, reference.target};
  if (const auto known = by_reference_.find(key); known != by_reference_.end()) {
    const auto& record = this->record(known->second);
    if (record.reference.type != reference.type)
      throw decode_error("weft: a task function is announced as two types: " +
                         printable(record.reference.type) + " and " + printable(reference.type));
    // A pointer that only this process has used so far has not been checked: here it may point to anything.
    if (record.descriptor) static_cast<void>(words_of(reference.target));
    return known->second;
  }
  function_record made;
  made.reference = reference;
  made.reference.name = printable(reference.name);
  made.reference.module_name = printable(reference.module_name);
  made.module = intern_locked({reference.module, made.reference.module_name});
  if (const auto& target = reference.target; target.how == target_reference::kind::function) {
    made.reference.target_module_name = printable(reference.target_module_name);
    if (target.module != reference.module)
      made.target_module = intern_locked({target.module, made.reference.target_module_name});
  }
  resolve(made);
  auto* const descriptor = made.descriptor;
  const auto function = append(std::move(made));
  // So that tasks made here get the same number.
  if (descriptor && reference.target.how == target_reference::kind::none)
    descriptor->number.store(function.value);
  return function;
}

/// Finds the function of another process's reference among those loaded here; leaves it foreign if its
/// modules are not. Throws weft::decode_error if the reference does not fit.
void function_registry::resolve(function_record& record) const {
  const auto& reference = record.reference;
  const auto* const module = loaded_with(reference.module);
  if (!module) return;
  auto& descriptor = find_descriptor(*module, reference);
  if (reference.target.how == target_reference::kind::function && !loaded_with(reference.target.module))
    return;
  record.words = words_of(reference.target);
  record.descriptor = &descriptor;
}

function_descriptor& function_registry::find_descriptor(const module_record& module,
                                                        const function_reference& reference) const {
  const auto where = "at offset " + std::to_string(reference.offset) + " of " + module.reference.name;
  function_descriptor* found = nullptr;
  for (const auto& place : module.places) {
    // Looked up by address before it is looked at: only what registered itself is a descriptor.
    auto* const candidate = reinterpret_cast<function_descriptor*>(place.base + reference.offset);
    if (!found && descriptors_.contains(candidate)) found = candidate;
  }
  if (!found || found->magic != function_descriptor::magic_number)
    throw decode_error("weft: there is no task function " + where);
  if (found->type->name() != reference.type)
    throw decode_error("weft: the task function " + where + " is of another type than announced");
  const bool pointer = found->kind == callable_kind::pointer || found->kind == callable_kind::member_function;
  if (pointer != (reference.target.how != target_reference::kind::none))
    throw decode_error("weft: the task function " + where +
                       " is announced with a pointer where none belongs, or "
                       "without the one it needs");
  return *found;
}

callable_words function_registry::words_of(const target_reference& target) const {
  if (target.how == target_reference::kind::none) return {};
  if (target.how == target_reference::kind::table) {
    if ((target.offset & 1) == 0) throw decode_error("weft: a pointer to member function is damaged");
    return {target.offset, target.second_word};
  }
  const auto& module = *loaded_with(target.module);
  const auto& place = module.places.front();
  const auto address = place.base + target.offset;
  if (!allows_pointers(module) || !place.executes(address) || !is_function_start(address))
    throw decode_error("weft: a task calls a function at offset " + std::to_string(target.offset) + " of " +
                       module.reference.name + ", where none begins that may be called");
  return {address, target.second_word};
}

body_ptr function_registry::decode(function_id function, decoder& from) {
  function_descriptor* descriptor = nullptr;
  callable_words words;
  {
    const std::lock_guard lock(mutex_);
    auto& record = this->record(function);
    if (!record.descriptor) {
      rescan_if_changed();
      resolve(record);
    }
    if (!record.descriptor) {
      const auto& target = record.reference.target;
      const bool descriptor_here = loaded_with(record.reference.module) != nullptr;
      throw module_absent(
          "weft: " + record.reference.name + " is a function of " +
          (descriptor_here ? record.reference.target_module_name : record.reference.module_name) +
          ", build-id " + (descriptor_here ? target.module : record.reference.module).hex() +
          ", which is not loaded here; here are " + present_modules());
    }
    descriptor = record.descriptor;
    words = record.words;
  }
  auto body = descriptor->decode(from, words);
  from.finish();
  return body;
}

function_registry::function_record& function_registry::record(function_id function) const {
  if (function.value == 0 || function.value > functions_.size())
    throw std::out_of_range("weft: no task function has the number " + std::to_string(function.value));
  return functions_[function.value - 1];
}

} // namespace weft::detail
