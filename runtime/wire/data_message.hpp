#pragma once

#include "runtime/wire/frame.hpp"

#include <weft/detail/failure.hpp>
#include <weft/ids.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weft::detail {

/// A large block among a value's bytes.
struct data_block {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  /// Whether its bytes do not follow: a descriptor of memory that holds them goes along with the frame. Only
  /// between processes of one machine.
  bool passed = false;
  friend bool operator==(const data_block&, const data_block&) noexcept = default;
};

/// What is said on a data connection. Who opened it asks and puts; who accepted it answers.
///
/// | type          | members that count                      | its value's bytes follow |
/// |---------------|-----------------------------------------|--------------------------|
/// | request_value | number, worker, task                    |                          |
/// | value         | number, length, blocks, type_name       | yes                      |
/// | value_moved   | number                                  |                          |
/// | value_refused | number, failure                         |                          |
/// | put_value     | worker, task, length, blocks, type_name | yes                      |
struct data_message {
  frame_type type = frame_type::request_value;
  std::uint64_t number = 0; ///< of the question, counted by who asks; the answer repeats it
  worker_id worker;         ///< who is asked: a process may have several workers
  task_id task;
  std::uint64_t length = 0; ///< in bytes, of the value that follows the frame, passed blocks included
  /// Where among the value's bytes large blocks lie, in order: whoever receives them into memory of their own
  /// needs not copy them again. At most `blocks_max`.
  std::vector<data_block> blocks{};
  std::string type_name; ///< of the value, for people
  failure_ptr failure;

  static constexpr std::size_t blocks_max = 256;

  bool has_body() const noexcept { return type == frame_type::value || type == frame_type::put_value; }
};

/// Appends the message's frame. Texts are cut short where the frame would grow too long for them.
void append_data_message(std::vector<std::byte>& target, const data_message& message);

/// Throws `decode_error` for what is none of the above, and for blocks that are empty, overlap or lie beyond
/// the body. The body's length is only announced: whoever allocates checks it.
data_message read_data_message(const frame_header& header, byte_span payload);

} // namespace weft::detail
