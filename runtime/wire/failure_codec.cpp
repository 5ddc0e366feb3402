#include "runtime/wire/failure_codec.hpp"

#include <algorithm>

namespace weft::detail {

void write_failure(byte_writer& to, const failure& what, std::size_t text_max, std::size_t messages_max) {
  auto write_text = [&](std::string_view text) { to.string(text.substr(0, text_max)); };
  to.u8(static_cast<std::uint8_t>(what.kind));
  write_text(what.type);
  auto count = std::min(what.messages.size(), messages_max);
  to.varint(count);
  for (std::size_t i = 0; i < count; ++i)
    write_text(what.messages[i]);
  write_text(what.key);
  write_text(what.worker);
}

failure_ptr read_failure(byte_reader& from) {
  auto result = make_intrusive<failure>();
  auto kind = from.u8();
  if (kind > static_cast<std::uint8_t>(last_failure_kind))
    throw decode_error("a failure of unknown kind " + std::to_string(kind));
  result->kind = static_cast<failure_kind>(kind);
  result->type = from.string();
  auto count = from.count();
  for (std::size_t i = 0; i < count; ++i)
    result->messages.push_back(from.string());
  result->key = from.string();
  result->worker = from.string();
  return result;
}

} // namespace weft::detail
