#pragma once

#include <weft/ids.hpp>

#include <string>

namespace weft::detail {

/// What the machines must know of task functions: look-ups without side effects. The shells pass the
/// process's function_registry, the tests a table.
class function_directory {
 public:
  virtual ~function_directory() = default;

  /// The module the function lives in.
  virtual module_id module_of(function_id function) const = 0;
  /// The module that it points into, of a function pointer into another one than its own; else none.
  virtual module_id target_module_of(function_id function) const = 0;
  /// Whether that module is loaded in this process.
  virtual bool is_local(module_id module) const = 0;
  /// "inc"; what a printable key begins with.
  virtual std::string name_of(function_id function) const = 0;
  /// "libtasks.so, build-id 3f2a…": for people.
  virtual std::string description_of(module_id module) const = 0;
};

/// The printable key of a task without one of its own: the function's name and the id in hexadecimal.
std::string printable_key(const function_directory& functions, function_id function, task_id task);

} // namespace weft::detail
