#include "runtime/services/function_registry.hpp"

#include "runtime/services/function_pointers.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

/// The part of the registry that knows modules, and what follows from their coming and going.
namespace weft::detail {

std::vector<module_reference> function_registry::modules() {
  const std::lock_guard lock(mutex_);
  rescan_if_changed();
  std::vector<module_reference> result;
  for (const auto& module : modules_) {
    if (module.places.empty() || !allows_pointers(module)) continue;
    result.push_back(module.reference);
    if (module.places.front().program) std::rotate(result.begin(), result.end() - 1, result.end());
  }
  return result;
}

std::string function_registry::module_name(const build_id& module) const {
  const std::lock_guard lock(mutex_);
  const auto* const loaded = loaded_with(module);
  return loaded ? loaded->reference.name : std::string();
}

module_id function_registry::intern_module(const module_reference& reference) {
  const std::lock_guard lock(mutex_);
  return intern_locked(reference);
}

module_reference function_registry::describe(module_id module) const {
  const std::lock_guard lock(mutex_);
  return module_at(module).reference;
}

module_id function_registry::module_of(function_id function) const {
  return {function.value == 0 ? 0 : function_modules_.load(function.value - 1)};
}

module_id function_registry::target_module_of(function_id function) const {
  return {function.value == 0 ? 0 : target_modules_.load(function.value - 1)};
}

bool function_registry::is_local(module_id module) const {
  return module.value != 0 && modules_loaded_.load(module.value - 1) != 0;
}

std::string function_registry::name_of(function_id function) const {
  const std::lock_guard lock(mutex_);
  auto& record = this->record(function);
  if (record.reference.name.empty()) record.reference.name = make_name(record); // may read the program's file
  return record.reference.name;
}

std::string function_registry::description_of(module_id module) const {
  const std::lock_guard lock(mutex_);
  const auto& reference = module_at(module).reference;
  return reference.name + ", build-id " + reference.id.hex();
}

const function_registry::module_record& function_registry::module_at(module_id module) const {
  if (module.value == 0 || module.value > modules_.size())
    throw std::out_of_range("weft: no module has the number " + std::to_string(module.value));
  return modules_[module.value - 1];
}

module_id function_registry::intern_locked(const module_reference& reference) {
  const auto [known, added] =
      by_build_.try_emplace(reference.id, module_id{static_cast<std::uint32_t>(modules_.size() + 1)});
  if (added) modules_.emplace_back().reference = reference;
  return known->second;
}

void function_registry::rescan_if_changed() {
  if (modules_generation() != generation_) rescan();
}

/// Finds out what was loaded and unloaded since the last look.
void function_registry::rescan() {
  generation_ = modules_generation(); // read first: what is loaded meanwhile is found next time
  auto found = scan_modules();
  for (auto& module : modules_) {
    std::erase_if(module.places, [&](const loaded_module& place) {
      const auto still = std::find(found.begin(), found.end(), place);
      const bool gone = still == found.end();
      if (gone)
        unload(place);
      else
        found.erase(still);
      return gone;
    });
  }
  for (auto& place : found) {
    const auto module = intern_locked({identify(place), place.name});
    auto& record = modules_[module.value - 1];
    record.reference.name = place.name;
    record.places.push_back(std::move(place));
  }
  for (std::size_t i = 0; i < modules_.size(); ++i)
    modules_loaded_.store(i, modules_[i].places.empty() ? 0 : 1);
}

/// Forgets all that pointed into a module that is gone. The numbers of its functions stay, as foreign ones.
void function_registry::unload(const loaded_module& place) {
  const auto lay_there = [&](const void* descriptor, std::uintptr_t word) {
    return place.contains(reinterpret_cast<std::uintptr_t>(descriptor)) || place.contains(word);
  };
  std::erase_if(descriptors_, [&](const auto* descriptor) { return lay_there(descriptor, 0); });
  std::erase_if(by_pointer_, [&](const auto& known) {
    return lay_there(std::get<0>(known.first), std::get<1>(known.first));
  });
  for (auto& function : functions_)
    if (lay_there(function.descriptor, function.words.first)) function.descriptor = nullptr;
  for (auto& slot : pointer_cache_)
    slot.store(nullptr, std::memory_order_release);
}

function_registry::location function_registry::locate(std::uintptr_t address) {
  rescan_if_changed();
  for (auto& module : modules_)
    for (const auto& place : module.places)
      if (place.contains(address)) return {&module, &place};
  return {};
}

const function_registry::module_record* function_registry::loaded_with(const build_id& id) const {
  const auto known = by_build_.find(id);
  if (known == by_build_.end()) return nullptr;
  const auto& module = modules_[known->second.value - 1];
  return module.places.empty() ? nullptr : &module;
}

bool function_registry::has_functions(const module_record& module) const {
  return std::any_of(module.places.begin(), module.places.end(), [&](const loaded_module& place) {
    return std::any_of(descriptors_.begin(), descriptors_.end(), [&](const function_descriptor* descriptor) {
      return place.contains(reinterpret_cast<std::uintptr_t>(descriptor));
    });
  });
}

/// Functions of libc or libm lie elsewhere on a machine with another build of them, or another processor.
bool function_registry::allows_pointers(const module_record& module) const {
  return module.places.front().program || has_functions(module);
}

std::string function_registry::present_modules() const {
  std::string present;
  for (const auto& module : modules_)
    if (has_functions(module))
      present +=
          (present.empty() ? "" : ", ") + module.reference.name + " (" + module.reference.id.hex() + ")";
  return present.empty() ? "none" : present;
}

std::string function_registry::make_name(const function_record& record) const {
  if (!record.descriptor) return "function";
  if (record.reference.target.how == target_reference::kind::function) {
    for (const auto& module : modules_)
      for (const auto& place : module.places)
        if (place.contains(record.words.first)) return function_name_at(place, record.words.first);
    return "function";
  }
  if (record.reference.target.how == target_reference::kind::table) return "function";
  return short_type_name(*record.descriptor->callable);
}

} // namespace weft::detail
