#pragma once

#include <weft/detail/function_descriptor.hpp>
#include <weft/export.hpp>
#include <weft/ids.hpp>

#include "runtime/core/functions.hpp"
#include "runtime/services/modules.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <vector>

namespace weft::detail {

/// What a function pointer points to, as another process can find it.
struct target_reference {
  enum class kind : std::uint8_t {
    none,     ///< the callable is no pointer
    function, ///< `offset` in `module`
    table,    ///< a virtual member function: `offset` is its first word, a place in the table
  };
  kind how = kind::none;
  build_id module;
  std::uint64_t offset = 0;
  std::uint64_t second_word = 0; ///< of a pointer to member function: what is added to `this`
  friend auto operator<=>(const target_reference&, const target_reference&) = default;
};

/// A function as another process can find it, and check that it has found the right one. Travels once on a
/// connection; from then on a small number stands for it.
struct function_reference {
  build_id module;
  std::uint64_t offset = 0;       ///< of the descriptor in the module
  std::string type;               ///< mangled name of the task body
  std::string name;               ///< "inc": what printable keys begin with
  std::string module_name;        ///< for people
  std::string target_module_name; ///< for people; empty where no function is pointed to
  target_reference target;
  friend bool operator==(const function_reference&, const function_reference&) = default;
};

/// A module whose functions may be called, as a worker announces it.
struct module_reference {
  build_id id;
  std::string name;
  friend auto operator<=>(const module_reference&, const module_reference&) = default;
};

/// Numbers that any thread may read while one appends, without a lock. Grows in chunks that never move.
class published_numbers {
 public:
  static constexpr std::size_t chunk_size = 1024;
  static constexpr std::size_t size_max = 1024 * chunk_size;

  published_numbers() noexcept = default;
  ~published_numbers();
  published_numbers(const published_numbers&) = delete;
  published_numbers& operator=(const published_numbers&) = delete;

  /// 0 for what was never set.
  std::uint32_t load(std::size_t index) const noexcept;
  /// One thread at a time. Throws std::length_error past size_max.
  void store(std::size_t index, std::uint32_t number);

 private:
  std::array<std::atomic<std::atomic<std::uint32_t>*>, size_max / chunk_size> chunks_{};
};

/// All task functions that this process knows: those of its own modules, and those that others have told it
/// of. There is one registry in a process, whatever libraries it loads; it is never destroyed. Safe for any
/// number of threads; what is asked for every task (numbers, modules) takes no lock.
class WEFT_API function_registry final : public function_directory {
 public:
  static function_registry& instance();

  // -- this process's functions -------------------------------------------------

  void add(function_descriptor& descriptor);
  function_id number(function_descriptor& descriptor);
  function_id number(function_descriptor& descriptor, const callable_words& words);

  // -- across processes ---------------------------------------------------------

  /// How to tell another process of the function. Throws weft::cannot_travel for a function pointer that
  /// means nothing elsewhere: into libc, or not to a function's first byte.
  function_reference reference(function_id function);

  /// The number that stands for the function here. If its module is not loaded it is a foreign one: its tasks
  /// can be passed on but not run, until the module is loaded. Throws weft::decode_error if the module is
  /// here but the reference does not fit it: no registered descriptor there, another type, a pointer to where
  /// no function begins.
  function_id intern(const function_reference& reference);

  /// A body from what `task_body::encode` wrote. Throws module_absent if the function's module is not
  /// loaded, weft::decode_error if the bytes are damaged.
  body_ptr decode(function_id function, decoder& from);

  /// Of a function pointer among a callable's parts: how another process finds what it points to. Throws
  /// weft::cannot_travel as `reference` does.
  target_reference target_to_send(callable_kind kind, const callable_words& words);
  /// The words of such a pointer here. Throws module_absent, naming the module so, if it is not loaded,
  /// weft::decode_error if no function begins there that may be called.
  callable_words words_received(callable_kind kind, const target_reference& target,
                                std::string_view module_name);

  // -- modules ------------------------------------------------------------------

  /// The modules loaded in this process whose functions may be called, the program first.
  std::vector<module_reference> modules();
  /// For people; empty if no such module is loaded.
  std::string module_name(const build_id& module) const;
  /// The number that stands for a module here, loaded or not.
  module_id intern_module(const module_reference& reference);
  module_reference describe(module_id module) const;

  module_id module_of(function_id function) const override;
  module_id target_module_of(function_id function) const override;
  bool is_local(module_id module) const override;
  std::string name_of(function_id function) const override;
  std::string description_of(module_id module) const override;

 private:
  struct module_record {
    module_reference reference;
    std::vector<loaded_module> places; // none: not loaded; more than one: a copy of the file was loaded too
  };
  // A loaded module, by an address in it.
  struct location {
    module_record* module = nullptr;
    const loaded_module* place = nullptr;
  };
  struct function_record {
    function_descriptor* descriptor = nullptr; // null while the module is not loaded
    callable_words words;
    module_id module;
    module_id target_module;      // of a pointer into another module than that
    function_reference reference; // the name is filled in when it is wanted
  };
  using reference_key = std::tuple<build_id, std::uint64_t, target_reference>;
  using pointer_key = std::tuple<const function_descriptor*, std::uintptr_t, std::uintptr_t>;
  // A function pointer's number, found without a lock; so it is never taken away or changed.
  struct pointer_entry {
    const function_descriptor* descriptor;
    callable_words words;
    function_id function;
  };
  static constexpr std::size_t pointer_slots = 1024;
  static std::size_t slot_of(const function_descriptor& descriptor, const callable_words& words) noexcept;

  function_registry() = default;
  ~function_registry() override = default;

  // All of these with the mutex held.
  void rescan();
  void rescan_if_changed();
  void unload(const loaded_module& place);
  location locate(std::uintptr_t address);
  const module_record* loaded_with(const build_id& id) const;
  const module_record& module_at(module_id module) const;
  module_id intern_locked(const module_reference& reference);
  bool has_functions(const module_record& module) const;
  bool allows_pointers(const module_record& module) const;
  std::string present_modules() const;

  function_record& record(function_id function) const;
  function_id number_locked(function_descriptor& descriptor, const callable_words& words);
  function_id append(function_record record);
  void resolve(function_record& record) const;
  target_reference target_of(callable_kind kind, const callable_words& words);
  void require_travels(const target_reference& target, const callable_words& words) const;
  function_descriptor& find_descriptor(const module_record& module,
                                       const function_reference& reference) const;
  callable_words words_of(const target_reference& target) const;
  std::string make_name(const function_record& record) const;

  mutable std::mutex mutex_;
  // Guarded by the mutex. Function and module numbers are positions plus one.
  std::unordered_set<function_descriptor*> descriptors_; // what registered itself and is still loaded
  mutable std::deque<function_record> functions_;
  std::map<reference_key, function_id> by_reference_;
  std::deque<module_record> modules_;
  std::map<build_id, module_id> by_build_;
  std::deque<pointer_entry> pointers_;
  std::map<pointer_key, const pointer_entry*> by_pointer_;
  std::uint64_t generation_ = 0;

  // Written with the mutex held, read without.
  published_numbers function_modules_;
  published_numbers target_modules_;
  published_numbers modules_loaded_;
  std::array<std::atomic<const pointer_entry*>, pointer_slots> pointer_cache_{};
};

} // namespace weft::detail
