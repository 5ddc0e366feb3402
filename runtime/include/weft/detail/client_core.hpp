#pragma once

#include <weft/detail/array_view.hpp>
#include <weft/detail/future_handle.hpp>
#include <weft/detail/task_body.hpp>
#include <weft/task_options.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// What the API's templates call: everything about a client that does not depend on types.
namespace weft::detail {

/// The futures that one task's arguments name, each once, numbered in the order of their first mention.
class WEFT_API input_list {
 public:
  explicit input_list(client_core& core) noexcept;
  ~input_list();
  input_list(const input_list&) = delete;
  input_list& operator=(const input_list&) = delete;

  /// The input's number. Throws std::invalid_argument for a future of another client or one that refers to
  /// nothing.
  std::uint32_t add(const future_handle& future);
  array_view<const task_id> tasks() const noexcept;

 private:
  struct list;
  client_core& core_;
  list* list_ = nullptr; // made with the first future
};

/// Thread-safe; blocks while too much is pending. Throws key_conflict, cancelled_error after close.
WEFT_API future_handle submit_body(client_core& core, body_ptr body, const input_list& inputs,
                                   const task_options& options);

WEFT_API future_handle scatter_value(client_core& core, value_ptr value, std::vector<std::string> workers);

/// Throws std::invalid_argument for another client's future.
WEFT_API void require_of_client(const client_core& core, const future_handle& future);

/// These futures of the client are wanted here soon: fetching begins as soon as it can, for all of them at
/// once. Throws std::invalid_argument, before anything is fetched, if one is another client's.
WEFT_API void prefetch(client_core& core, array_view<const future_handle* const> futures);

/// When `wait` returns.
enum class wait_until : std::uint8_t {
  all,             ///< all are done
  first,           ///< one is done
  first_exception, ///< one has failed or was cancelled, or all are done
};

/// Waits; says for each whether it is done. Throws timeout_error; std::invalid_argument when waiting for the
/// first of none.
WEFT_API std::vector<bool> wait_for_futures(array_view<const future_handle* const> futures, wait_until until,
                                            instant deadline);

} // namespace weft::detail
