#include "tests/support/fake_values.hpp"

#include <weft/errors.hpp>

namespace weft::test {

using detail::array_view;
using detail::body_ptr;
using detail::value_ptr;

void fake_value::encode(detail::encoder&) const {
  throw cannot_travel("a fake value stays in its process");
}

value_ptr make_fake(std::uint64_t number, std::uint64_t nbytes) {
  return detail::make_intrusive<fake_value>(number, nbytes);
}

std::uint64_t number_in(const value_ptr& value) {
  return dynamic_cast<const fake_value&>(*value).number();
}

std::uint64_t mix(std::uint64_t own, std::span<const std::uint64_t> inputs) {
  std::uint64_t result = own * 0x9e3779b97f4a7c15 + 1;
  for (const std::uint64_t input : inputs) {
    result = (result ^ input) * 0xff51afd7ed558ccd;
    result ^= result >> 32;
  }
  return result;
}

value_ptr fake_body::run(array_view<const value_ptr> inputs) const {
  std::vector<std::uint64_t> numbers;
  for (const value_ptr& input : inputs)
    numbers.push_back(number_in(input));
  return make_fake(mix(number_, numbers), result_nbytes_);
}

void fake_body::encode(detail::encoder&) const {
  throw cannot_travel("a fake task stays in its process");
}

body_ptr make_fake_body(function_id function, std::uint64_t number, std::uint64_t result_nbytes) {
  return detail::make_intrusive<fake_body>(function, number, result_nbytes);
}

module_id function_table::add_module(std::string description, bool local) {
  modules_.push_back({std::move(description), local});
  return {static_cast<std::uint32_t>(modules_.size())};
}

function_id function_table::add_function(std::string name, module_id module, module_id target_module) {
  functions_.push_back({std::move(name), module, target_module});
  return {static_cast<std::uint32_t>(functions_.size())};
}

module_id function_table::module_of(function_id function) const {
  return functions_.at(function.value - 1).module;
}
module_id function_table::target_module_of(function_id function) const {
  return functions_.at(function.value - 1).target_module;
}
bool function_table::is_local(module_id module) const {
  return modules_.at(module.value - 1).local;
}
std::string function_table::name_of(function_id function) const {
  return functions_.at(function.value - 1).name;
}
std::string function_table::description_of(module_id module) const {
  return modules_.at(module.value - 1).description;
}

} // namespace weft::test
