#include "runtime/wire/hello.hpp"

#include <weft/errors.hpp>

#include <algorithm>
#include <cerrno>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>
#include <sys/random.h>
#include <system_error>
#include <utility>

namespace weft::detail {

namespace {

constexpr std::string_view magic = "WEFTHELO";
constexpr std::size_t sentence_length_max = 1000;
constexpr std::size_t proof_size = 32; // of an HMAC-SHA256

// What a stranger sent is shown to people and written to logs: no control characters, no escape sequences.
std::string printable(std::string_view text) {
  std::string result{text.substr(0, sentence_length_max)};
  std::ranges::replace_if(
      result, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return result;
}

std::string_view as_text(byte_span bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_text(version_range versions) {
  if (versions.lowest == versions.highest) return std::to_string(versions.lowest);
  return std::to_string(versions.lowest) + "-" + std::to_string(versions.highest);
}

} // namespace

std::string_view to_string(peer_role role) noexcept {
  switch (role) {
  case peer_role::client:
    return "client";
  case peer_role::worker:
    return "worker";
  case peer_role::scheduler:
    return "scheduler";
  }
  return "";
}

std::string_view to_string(connection_purpose purpose) noexcept {
  switch (purpose) {
  case connection_purpose::control:
    return "control";
  case connection_purpose::data:
    return "data";
  }
  return "";
}

nonce_bytes make_nonce() {
  nonce_bytes nonce;
  // Up to 256 bytes come whole, or not at all.
  while (::getrandom(nonce.data(), nonce.size(), 0) < 0)
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
  return nonce;
}

// -- construction ---

handshake handshake::caller(const key_bytes& key, peer_description self, const nonce_bytes& nonce,
                            version_range versions) {
  handshake result{side::caller, key, std::move(self), nonce, versions};
  result.send_greeting();
  return result;
}

handshake handshake::acceptor(const key_bytes& key, peer_description self, const nonce_bytes& nonce,
                              version_range versions) {
  return {side::acceptor, key, std::move(self), nonce, versions};
}

handshake::handshake(side which, const key_bytes& key, peer_description self, const nonce_bytes& nonce,
                     version_range versions)
    : side_(which), key_(key), self_(std::move(self)), nonce_(nonce), versions_(versions) {
  encoded_description(); // one that is too long is the caller's mistake, so it is told here
}

// -- bytes in ---

std::size_t handshake::wanted() const noexcept {
  if (state_ != state::talking) return 0;
  if (input_.size() < frame_header::size) return frame_header::size - input_.size();
  // The length was checked when the header was complete.
  return frame_header::size + byte_reader{input_}.u32() - input_.size();
}

std::uint32_t handshake::length_max() const noexcept {
  return greeted_ ? frame_limits::proof : frame_limits::greeting;
}

void handshake::receive(byte_span bytes) {
  if (bytes.size() > wanted()) throw std::logic_error("handshake: more bytes than wanted");
  input_.insert(input_.end(), bytes.begin(), bytes.end());
  if (input_.size() < frame_header::size) return;
  frame_header header;
  try {
    header = frame_header::decode(byte_span{input_}.first<frame_header::size>(), length_max());
    if (header.type > frame_type::refusal || header.lane != 0)
      throw decode_error("a " + std::string{to_string(header.type)} + " frame");
  } catch (const decode_error& error) {
    foreign_ = !greeted_;
    return fail(greeted_ ? std::string{"broke the protocol: "} + error.what()
                         : "does not speak Weft's protocol (it sent \"" + printable(as_text(input_)) + "\")");
  }
  if (input_.size() < frame_header::size + header.length) return;
  auto frame = std::exchange(input_, {});
  try {
    on_frame(header.type, byte_span{frame}.subspan(frame_header::size));
  } catch (const decode_error& error) {
    fail(std::string{"broke the protocol: "} + error.what());
  }
}

void handshake::closed() {
  if (state_ != state::talking) return;
  fail(greeted_
           ? "closed the connection during the hello"
           : "closed the connection without an answer: it has just ended, or does not speak Weft's protocol");
}

void handshake::on_frame(frame_type type, byte_span payload) {
  if (type == frame_type::refusal && side_ == side::caller)
    return fail("refused: " + printable(as_text(payload)));
  if (type != (greeted_ ? frame_type::proof : frame_type::greeting))
    throw decode_error("a " + std::string{to_string(type)} + " frame out of turn");
  greeted_ ? on_proof(payload) : on_greeting(payload);
}

void handshake::on_greeting(byte_span payload) {
  byte_reader reader{payload};
  if (payload.size() < magic.size() || as_text(reader.raw(magic.size())) != magic) {
    foreign_ = true;
    return fail("does not speak Weft's protocol");
  }
  // Magic, versions and role stay where they are in every version, so that each can tell the other; what a
  // newer version adds behind the nonce is covered by the proof and otherwise left unread.
  version_range theirs{reader.u16(), reader.u16()};
  auto role = static_cast<peer_role>(reader.u8());
  auto purpose = static_cast<connection_purpose>(reader.u8());
  if (to_string(role).empty() || to_string(purpose).empty()) throw decode_error("an unknown role or purpose");
  version_ = std::min(theirs.highest, versions_.highest);
  if (version_ < theirs.lowest || version_ < versions_.lowest) {
    auto sentence = "the " + std::string{to_string(self_.role)} + " speaks protocol " + to_text(versions_) +
                    ", the " + std::string{to_string(role)} + " " + to_text(theirs);
    return fail_and_tell("was refused: " + sentence, sentence);
  }
  reader.raw(nonce_bytes{}.size());
  greetings_[side_ == side::caller ? 1 : 0].assign(payload.begin(), payload.end());
  greeted_ = true;
  peer_.role = role;
  peer_.purpose = purpose;
  if (side_ == side::acceptor) {
    self_.purpose = purpose;
    send_greeting();
  } else {
    send_proof();
  }
}

void handshake::on_proof(byte_span payload) {
  byte_reader reader{payload};
  auto proof = reader.raw(proof_size);
  auto description = reader.raw(reader.remaining());
  auto expected = proof_by(side_ == side::caller ? side::acceptor : side::caller, description);
  if (CRYPTO_memcmp(proof.data(), expected.data(), expected.size()) != 0) {
    if (side_ == side::caller) return fail("does not have this cluster's key");
    return fail_and_tell("was refused: it does not have this cluster's key", wrong_cluster_key);
  }
  byte_reader details{description};
  peer_.name = details.string();
  peer_.host = details.string();
  peer_.process = details.varint32();
  peer_.build = details.string();
  peer_.extra = details.string();
  state_ = side_ == side::caller ? state::done : state::deciding;
}

// -- bytes out ---

void handshake::decide(hello_verdict verdict) {
  if (state_ != state::deciding) throw std::logic_error("handshake: nothing to decide");
  if (!verdict.accepted) return fail_and_tell("was refused: " + verdict.text, verdict.text);
  self_.extra = std::move(verdict.text);
  send_proof();
  state_ = state::done;
}

std::vector<std::byte> handshake::take_output() noexcept {
  return std::exchange(output_, {});
}

void handshake::send_greeting() {
  auto& greeting = greetings_[side_ == side::caller ? 0 : 1];
  byte_writer writer{greeting};
  writer.raw(as_bytes_of(magic));
  writer.u16(versions_.lowest);
  writer.u16(versions_.highest);
  writer.u8(static_cast<std::uint8_t>(self_.role));
  writer.u8(static_cast<std::uint8_t>(self_.purpose));
  writer.raw(nonce_);
  append_frame(output_, frame_type::greeting, greeting);
}

void handshake::send_proof() {
  auto description = encoded_description();
  auto proof = proof_by(side_, description);
  frame_builder frame{output_, frame_type::proof};
  frame.payload().raw(proof);
  frame.payload().raw(description);
  frame.finish();
}

std::vector<std::byte> handshake::encoded_description() const {
  std::vector<std::byte> description;
  byte_writer writer{description};
  writer.string(self_.name);
  writer.string(self_.host);
  writer.varint(self_.process);
  writer.string(self_.build);
  writer.string(self_.extra);
  if (description.size() > frame_limits::proof - proof_size)
    throw std::length_error("a hello of " + std::to_string(description.size()) + " bytes, where at most " +
                            std::to_string(frame_limits::proof - proof_size) + " are allowed");
  return description;
}

std::array<std::byte, 32> handshake::proof_by(side prover, byte_span description) const {
  std::vector<std::byte> text;
  byte_writer writer{text};
  writer.string(prover == side::caller ? "weft caller" : "weft acceptor");
  writer.bytes(greetings_[0]);
  writer.bytes(greetings_[1]);
  writer.bytes(description);
  // OpenSSL's configuration file has no say here; and reading it leaks what it notes for the thread that
  // does.
  static const int initialised = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  if (initialised != 1) throw weft::error("OpenSSL cannot be used");
  std::array<std::byte, 32> proof;
  unsigned length = proof.size();
  if (!HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(),
            reinterpret_cast<unsigned char*>(proof.data()), &length))
    throw std::runtime_error("HMAC-SHA256 is not available in this OpenSSL");
  return proof;
}

// -- failures ---

void handshake::fail(std::string why) {
  state_ = state::failed;
  error_ = std::move(why);
}

void handshake::fail_and_tell(std::string why, std::string_view told) {
  // A caller's refusal would reach an acceptor that has nothing to do with it but forget the connection.
  if (side_ == side::acceptor)
    append_frame(output_, frame_type::refusal, as_bytes_of(told.substr(0, sentence_length_max)));
  fail(std::move(why));
}

} // namespace weft::detail
