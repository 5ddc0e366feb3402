#pragma once

#include "runtime/core/functions.hpp"

#include <weft/detail/task_body.hpp>
#include <weft/detail/value.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weft::test {

/// A result that is a number. Its type's name tells it ("fake:42"), so that texts of events show it.
class fake_value final : public detail::value {
 public:
  explicit fake_value(std::uint64_t number, std::uint64_t nbytes = 8) : number_(number), nbytes_(nbytes) {}

  std::uint64_t number() const noexcept { return number_; }
  std::uint64_t nbytes() const noexcept override { return nbytes_; }
  std::string type_name() const override { return "fake:" + std::to_string(number_); }
  bool travels() const noexcept override { return false; }
  void encode(detail::encoder& to) const override;

 private:
  std::uint64_t number_;
  std::uint64_t nbytes_;
};

detail::value_ptr make_fake(std::uint64_t number, std::uint64_t nbytes = 8);

/// The number in a fake_value.
std::uint64_t number_in(const detail::value_ptr& value);

/// A number that depends on each of the inputs, on their order and on `own`.
std::uint64_t mix(std::uint64_t own, std::span<const std::uint64_t> inputs);

/// A task that mixes a number of its own with those of its inputs.
class fake_body final : public detail::task_body {
 public:
  fake_body(function_id function, std::uint64_t number, std::uint64_t result_nbytes = 8)
      : function_(function), number_(number), result_nbytes_(result_nbytes) {}

  detail::value_ptr run(detail::array_view<const detail::value_ptr> inputs) const override;
  void encode(detail::encoder& to) const override;
  std::uint64_t nbytes() const noexcept override { return sizeof *this; }
  function_id function() const noexcept override { return function_; }

 private:
  function_id function_;
  std::uint64_t number_;
  std::uint64_t result_nbytes_;
};

detail::body_ptr make_fake_body(function_id function, std::uint64_t number = 0,
                                std::uint64_t result_nbytes = 8);

/// Functions and modules as a test wants them. Numbers begin with 1.
class function_table final : public detail::function_directory {
 public:
  module_id add_module(std::string description, bool local);
  /// One with a target module is a function pointer into it.
  function_id add_function(std::string name, module_id module, module_id target_module = {});

  module_id module_of(function_id function) const override;
  module_id target_module_of(function_id function) const override;
  bool is_local(module_id module) const override;
  std::string name_of(function_id function) const override;
  std::string description_of(module_id module) const override;

 private:
  struct function {
    std::string name;
    module_id module;
    module_id target_module;
  };
  struct module {
    std::string description;
    bool local;
  };
  std::vector<function> functions_;
  std::vector<module> modules_;
};

} // namespace weft::test
