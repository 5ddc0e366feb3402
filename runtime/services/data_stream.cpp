#include "runtime/services/data_stream.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace weft::detail {

namespace {

constexpr std::size_t turn_bytes_max = 1 << 20;
constexpr std::size_t gathered_enough = 64 << 10;    // gathering stops here
constexpr std::size_t copied_max = 32 << 10;         // a longer value is sent from where it lies
constexpr std::uint64_t encoded_here_max = 64 << 10; // a larger one is encoded on the encoding thread
constexpr std::size_t input_capacity = 2 * (frame_header::size + frame_limits::data);
constexpr std::size_t straight_min = 16
                                     << 10; // so much of a value is received without passing through input_
constexpr std::size_t block_min = 64 << 10; // a smaller one is copied with the rest of the value
// Of an AF_UNIX socket, as far as the system allows: with its default of 200 KiB the two processes mostly
// wait for each other. TCP's grow by themselves.
constexpr int same_machine_send_buffer = 1 << 20;
constexpr std::size_t passed_enough = 64; // gathering stops here too; a value passes as many at most
static_assert(2 * passed_enough <= descriptors_per_send_max);
constexpr std::size_t pieces_max = 64;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

} // namespace

data_stream::data_stream(io_thread& io, encoding_thread& encoding, connection connected,
                         data_stream_owner& owner, std::uint64_t length_max)
    : io_(io), encoding_(encoding), owner_(&owner), socket_(io.context(), connected.socket.release()),
      peer_(std::move(connected.peer)), length_max_(length_max),
      can_pass_(can_pass_descriptors(socket_.native_handle())), input_(input_capacity) {
  if (can_pass_)
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDBUF, &same_machine_send_buffer,
                 sizeof same_machine_send_buffer);
}

void data_stream::start() {
  wait(socket_.wait_read, &data_stream::read_turn);
}

void data_stream::close() {
  closed_ = true;
  owner_ = nullptr;
  boost_error ignored;
  socket_.close(ignored);
  queue_.clear();
  large_ = {};
  to_pass_.clear();
  incoming_ = {};
  passed_.clear();
}

bool data_stream::idle() const noexcept {
  return queue_.empty() && !writing_ && !encoding_one_;
}

void data_stream::fail(const std::string& why, bool orderly) {
  if (closed_) return;
  auto* owner = owner_;
  close();
  owner->on_closed(*this, why, orderly);
}

void data_stream::wait(asio::posix::stream_descriptor::wait_type what, void (data_stream::*then)()) {
  socket_.async_wait(what, [self = shared_from_this(), then](boost_error error) {
    if (!error && !self->closed_) (self.get()->*then)();
  });
}

// -- writing ---

void data_stream::send(data_message message, value_ptr value) {
  if (closed_) return;
  queue_.push_back({std::move(message), std::move(value)});
  if (writing_ || encoding_one_) return;
  // In a turn of its own: messages that are sent one after another share it, and send() never calls the
  // owner.
  writing_ = true;
  asio::post(io_.context(), [self = shared_from_this()] {
    if (!self->closed_) self->write_turn();
  });
}

void data_stream::write_turn() {
  writing_ = true;
  for (std::size_t budget = turn_bytes_max; budget > 0;) {
    refill();
    if (closed_) return;
    if (gathered_sent_ == gathered_.size() && large_.segments.empty()) {
      writing_ = false;
      return;
    }
    auto count = write_once(budget);
    if (closed_) return;
    if (count == 0) break;
    consume(count);
    budget -= count;
  }
  wait(socket_.wait_write, &data_stream::write_turn);
}

// Makes bytes of what waits, in order, until there is enough for a while.
void data_stream::refill() {
  if (gathered_sent_ == gathered_.size()) {
    gathered_.clear();
    gathered_sent_ = 0;
  }
  while (!queue_.empty() && !closed_ && !encoding_one_ && large_.segments.empty() &&
         gathered_.size() < gathered_enough && to_pass_.size() < passed_enough) {
    auto item = std::move(queue_.front());
    queue_.pop_front();
    item.message.has_body() ? encode(std::move(item)) : append_data_message(gathered_, item.message);
  }
}

void data_stream::encode(outgoing item) {
  if (item.value->nbytes() <= encoded_here_max) {
    auto encoded = encoding_thread::encode_now(*item.value);
    return take_encoded(std::move(item), std::move(encoded));
  }
  encoding_one_ = true;
  auto value = item.value;
  auto shared_item = std::make_shared<outgoing>(std::move(item));
  encoding_.encode(std::move(value),
                   [self = shared_from_this(), shared_item](encoding_thread::result encoded) {
                     auto shared_encoded = std::make_shared<encoding_thread::result>(std::move(encoded));
                     self->io_.post([self, shared_item, shared_encoded] {
                       self->encoding_one_ = false;
                       if (self->closed_) return;
                       self->take_encoded(std::move(*shared_item), std::move(*shared_encoded));
                       if (!self->closed_ && !self->writing_) self->write_turn();
                     });
                   });
}

void data_stream::take_encoded(outgoing item, encoding_thread::result encoded) {
  auto length = encoded.bytes.size();
  failure_ptr refusal;
  if (encoded.error)
    refusal = failure::of_codec(encoded.error, "encoding a value of type " + item.value->type_name());
  else if (length > length_max_)
    refusal = failure::make(failure_kind::cannot_travel, "a value of " + std::to_string(length) +
                                                             " bytes, where at most " +
                                                             std::to_string(length_max_) + " may travel");
  if (refusal && item.message.type == frame_type::put_value)
    return owner_->on_not_encoded(*this, item.message, std::move(refusal));
  if (refusal) {
    item.message.type = frame_type::value_refused;
    item.message.failure = std::move(refusal);
    return append_data_message(gathered_, item.message);
  }
  item.message.length = length;
  item.message.blocks = choose_blocks(encoded.bytes);
  item.message.type_name = item.value->type_name();
  append_data_message(gathered_, item.message);
  std::vector<byte_span> sent;
  std::uint64_t offset = 0, sent_size = 0;
  auto block = item.message.blocks.begin();
  for (const byte_span segment : encoded.bytes.segments()) {
    const bool is_block = block != item.message.blocks.end() && block->offset == offset;
    if (!is_block || !block->passed) {
      sent.push_back(segment);
      sent_size += segment.size();
    }
    if (is_block) ++block;
    offset += segment.size();
  }
  if (sent_size <= copied_max) {
    for (const auto& segment : sent)
      gathered_.insert(gathered_.end(), segment.begin(), segment.end());
    return;
  }
  large_.value = std::move(item.value);
  large_.bytes = std::move(encoded.bytes);
  large_.segments = std::move(sent);
  large_.next = 0;
}

// The blocks that the receiver is told of, those in shareable memory to be passed by descriptor.
std::vector<data_block> data_stream::choose_blocks(const encoder& bytes) {
  std::vector<data_block> blocks;
  std::size_t passed = 0;
  for (const auto& place : bytes.blocks(block_min)) {
    if (blocks.size() == data_message::blocks_max) break;
    blocks.push_back({place.offset, place.size});
    if (!can_pass_ || passed == passed_enough) continue;
    auto owner = bytes.owner_of(place);
    if (!owner || owner->descriptor() < 0) continue;
    owner->pass();
    to_pass_.push_back(std::move(owner));
    blocks.back().passed = true;
    ++passed;
  }
  return blocks;
}

// Hands at most `limit` bytes to the kernel. Returns how many it took: 0 if it wants none now.
std::size_t data_stream::write_once(std::size_t limit) {
  std::array<iovec, pieces_max> pieces;
  std::size_t count = 0;
  auto add = [&](byte_span bytes) {
    bytes = bytes.first(std::min(bytes.size(), limit));
    if (bytes.empty()) return;
    pieces[count++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    limit -= bytes.size();
  };
  add(byte_span{gathered_}.subspan(gathered_sent_));
  for (auto i = large_.next; i < large_.segments.size() && count < pieces_max; ++i)
    add(large_.segments[i]);
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  std::array<int, descriptors_per_send_max> descriptors;
  std::ranges::transform(to_pass_, descriptors.begin(),
                         [](const auto& memory) { return memory->descriptor(); });
  while (true) {
    auto sent =
        send_with_descriptors(socket_.native_handle(), message, {descriptors.data(), to_pass_.size()});
    if (sent > 0) to_pass_.clear();
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (would_block(errno)) return 0;
    if (errno == EINTR) continue;
    fail(std::generic_category().message(errno));
    return 0;
  }
}

void data_stream::consume(std::size_t count) {
  auto from_gathered = std::min(count, gathered_.size() - gathered_sent_);
  gathered_sent_ += from_gathered;
  count -= from_gathered;
  while (large_.next < large_.segments.size()) {
    auto& segment = large_.segments[large_.next];
    auto taken = std::min(count, segment.size());
    segment = segment.subspan(taken);
    count -= taken;
    if (!segment.empty()) return;
    ++large_.next;
  }
  large_ = {}; // all of it is gone
}

// -- reading ---

void data_stream::read_turn() {
  try {
    for (std::size_t budget = turn_bytes_max; budget > 0;) {
      auto count = read_once(budget);
      if (closed_) return;
      if (count == 0) break;
      budget -= std::min(budget, count);
      take_input();
      if (closed_) return;
    }
  } catch (const decode_error& error) {
    return fail(std::string{"broke the protocol: "} + error.what());
  } catch (const std::bad_alloc&) {
    return fail("there is not enough memory for its value");
  }
  wait(socket_.wait_read, &data_stream::read_turn);
}

// Takes at most about `limit` bytes from the kernel. Returns how many there were: 0 if there are none now.
std::size_t data_stream::read_once(std::size_t limit) {
  std::array<iovec, pieces_max + 1> pieces;
  std::size_t count = 0;
  std::size_t straight = 0; // of a value
  const auto& rooms = incoming_.rooms;
  auto next = incoming_.next;
  for (; next < rooms.size() && count < pieces_max && straight < limit; ++next) {
    if (count == 0 && rooms[next].size() < straight_min && next + 1 == rooms.size()) break;
    const auto size = std::min(rooms[next].size(), limit - straight);
    pieces[count++] = {rooms[next].data(), size};
    straight += size;
    if (size < rooms[next].size()) break;
  }
  // Behind the end of a value comes the next frame.
  if (next == rooms.size() || count == 0)
    pieces[count++] = {input_.data() + input_end_, input_.size() - input_end_};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  while (true) {
    auto received = receive_with_descriptors(socket_.native_handle(), message, passed_);
    if (received > 0) {
      auto into_body = std::min(static_cast<std::size_t>(received), straight);
      fill(into_body);
      input_end_ += static_cast<std::size_t>(received) - into_body;
      return static_cast<std::size_t>(received);
    }
    if (received < 0 && errno == EINTR) continue;
    if (received < 0 && would_block(errno)) return 0;
    if (received == 0)
      fail("closed the connection", !incoming_.body.rest && input_begin_ == input_end_);
    else
      fail(std::generic_category().message(errno));
    return 0;
  }
}

// Cuts what is in input_ into messages and parts of values.
void data_stream::take_input() {
  while (!closed_) {
    byte_span bytes = byte_span{input_}.subspan(input_begin_, input_end_ - input_begin_);
    if (incoming_.body.rest) {
      while (!bytes.empty() && incoming_.next < incoming_.rooms.size()) {
        const auto room = incoming_.rooms[incoming_.next];
        const auto count = std::min(bytes.size(), room.size());
        std::memcpy(room.data(), bytes.data(), count);
        fill(count);
        bytes = bytes.subspan(count);
        input_begin_ += count;
      }
      if (incoming_.next < incoming_.rooms.size()) break;
      deliver_body();
      continue;
    }
    if (bytes.size() < frame_header::size) break;
    auto header = frame_header::decode(bytes.first<frame_header::size>(), frame_limits::data);
    if (bytes.size() - frame_header::size < header.length) break;
    auto message = read_data_message(header, bytes.subspan(frame_header::size, header.length));
    input_begin_ += frame_header::size + header.length;
    message.has_body() ? begin_body(std::move(message)) : owner_->on_message(*this, std::move(message), {});
  }
  // What is left is the beginning of a frame; there is always room for the rest of it behind it.
  std::memmove(input_.data(), input_.data() + input_begin_, input_end_ - input_begin_);
  input_end_ -= input_begin_;
  input_begin_ = 0;
}

void data_stream::begin_body(data_message message) {
  if (message.length > length_max_)
    throw decode_error("a value of " + std::to_string(message.length) + " bytes, where at most " +
                       std::to_string(length_max_) + " are allowed");
  // The peer has proved that it belongs to the cluster, and the memory is only taken as it is filled.
  auto rest = message.length;
  for (const auto& block : message.blocks)
    rest -= block.size;
  incoming next;
  next.body.rest = shared_buffer::allocate(static_cast<std::size_t>(rest));
  std::span<std::byte> room{next.body.rest->data(), next.body.rest->size()};
  std::uint64_t done = 0;
  const auto add = [&](std::span<std::byte> where) {
    if (!where.empty()) next.rooms.push_back(where);
  };
  for (const auto& block : message.blocks) {
    const auto before = static_cast<std::size_t>(block.offset - done);
    add(room.first(before));
    room = room.subspan(before);
    auto bytes = receive_block(block);
    if (!block.passed) add({bytes->data(), bytes->size()});
    next.body.blocks.push_back(
        {static_cast<std::size_t>(room.data() - next.body.rest->data()), std::move(bytes)});
    done = block.offset + block.size;
  }
  add(room);
  next.message = std::move(message);
  incoming_ = std::move(next);
}

// The memory for a block; if it was passed, with all its bytes.
intrusive_ptr<shared_buffer> data_stream::receive_block(const data_block& block) {
  const auto size = static_cast<std::size_t>(block.size);
  if (!block.passed) return shared_buffer::allocate_storage(size);
  if (passed_.empty()) throw decode_error("a block's memory was told of and not passed");
  auto descriptor = std::move(passed_.front());
  passed_.pop_front();
  return shared_buffer::map(descriptor.release(), size);
}

// Counts bytes that have come into their place.
void data_stream::fill(std::size_t count) {
  while (count > 0) {
    auto& room = incoming_.rooms[incoming_.next];
    const auto taken = std::min(count, room.size());
    room = room.subspan(taken);
    count -= taken;
    if (room.empty()) ++incoming_.next;
  }
}

void data_stream::deliver_body() {
  auto done = std::exchange(incoming_, {});
  owner_->on_message(*this, std::move(done.message), std::move(done.body));
}

} // namespace weft::detail
