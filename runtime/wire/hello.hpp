#pragma once

#include "runtime/wire/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::detail {

/// Who a process is to its peer. Numbers travel: append, never reorder.
enum class peer_role : std::uint8_t { client = 1, worker = 2, scheduler = 3 };

/// What a connection is for. Control and data never share one, so that a large value never stands before a
/// heartbeat.
enum class connection_purpose : std::uint8_t { control = 1, data = 2 };

std::string_view to_string(peer_role role) noexcept;
std::string_view to_string(connection_purpose purpose) noexcept;

/// The protocol versions that a side speaks, both ends included.
struct version_range {
  std::uint16_t lowest = 1;
  std::uint16_t highest = 1;
  friend bool operator==(const version_range&, const version_range&) noexcept = default;
};

/// What this build speaks.
inline constexpr version_range protocol_versions{1, 1};

/// How the listener says that the caller's key is another one.
inline constexpr const char* wrong_cluster_key = "wrong cluster key";

/// How one side describes itself to the other. `extra` belongs to the layer above (a worker's attributes, the
/// id that a scheduler assigns); the hello carries it unread, and proves that it came from who has the key.
struct peer_description {
  peer_role role = peer_role::client;
  connection_purpose purpose = connection_purpose::control;
  std::string name{};
  std::string host{};
  std::uint32_t process = 0; ///< the process's number on its host
  std::string build{};       ///< build-id of the program, in hex; empty if it has none
  std::string extra{};
  friend bool operator==(const peer_description&, const peer_description&) = default;
};

/// The cluster's secret.
using key_bytes = std::array<std::byte, 32>;

/// A number that was never used before: what makes yesterday's proof worthless today.
using nonce_bytes = std::array<std::byte, 32>;

/// Fresh random bytes from the kernel. Throws `std::system_error`.
nonce_bytes make_nonce();

/// What an acceptor says to a peer that has proved itself.
struct hello_verdict {
  bool accepted = false;
  std::string text; ///< the peer's `extra` if accepted, else the sentence that it is refused with

  static hello_verdict accept(std::string extra = {}) { return {true, std::move(extra)}; }
  static hello_verdict refuse(std::string sentence) { return {false, std::move(sentence)}; }
};

/// The first words on a connection, as a machine: bytes in, bytes out, no socket and no clock.
///
/// ```
///   caller                                   acceptor
///     greeting: magic, versions, role, nonce ──►
///                                        ◄── greeting
///     proof: HMAC over both greetings and
///            the description behind it    ──►   checks it; only then reads the description and decides
///                                        ◄── proof, or a refusal: one sentence
/// ```
///
/// Each proof is an HMAC-SHA256 with the cluster's key over a word for the direction, both greetings as they
/// were sent (so versions, roles and nonces cannot be changed on the way) and the prover's description. A
/// caller speaks first and proves first: a stranger learns nothing but versions. The strict turn-taking means
/// that nothing is ever sent past the hello before it is over; with `wanted()` nothing past it is ever read,
/// and the socket can be handed on.
class handshake {
 public:
  enum class state {
    talking,  ///< more bytes are wanted
    deciding, ///< acceptor only: the peer has proved itself; `decide` is wanted
    done,
    failed, ///< `error()` says why; what is in `take_output()` should still be sent
  };

  /// Both throw `std::length_error` if the description does not fit into a frame (60 KiB).
  static handshake caller(const key_bytes& key, peer_description self, const nonce_bytes& nonce,
                          version_range versions = protocol_versions);
  static handshake acceptor(const key_bytes& key, peer_description self, const nonce_bytes& nonce,
                            version_range versions = protocol_versions);

  /// How many bytes to read next, at most: 0 unless talking. Never more than a frame's rest, so at most 64
  /// KiB in all.
  std::size_t wanted() const noexcept;
  /// Takes bytes that arrived. Precondition: no more than `wanted()`.
  void receive(byte_span bytes);
  /// The peer closed the connection, or reset it.
  void closed();

  /// Ends the hello: well, and `verdict.text` becomes the peer's `peer().extra` (`std::length_error` if it is
  /// too long); or with a sentence that the peer's error will contain. Precondition: deciding.
  void decide(hello_verdict verdict);

  /// What must be sent now; empties it.
  std::vector<std::byte> take_output() noexcept;

  enum state state() const noexcept { return state_; }
  /// Precondition: deciding or done.
  const peer_description& peer() const noexcept { return peer_; }
  /// What this side told the peer as `extra`.
  const std::string& told() const noexcept { return self_.extra; }
  /// The version that both sides will speak: the highest that both know. Precondition: deciding or done.
  std::uint16_t version() const noexcept { return version_; }
  /// Why it failed, as the end of a sentence that begins with the peer's address: "refused: wrong cluster
  /// key".
  const std::string& error() const noexcept { return error_; }
  /// Whether the peer sent something that is not Weft's protocol at all.
  bool is_foreign() const noexcept { return foreign_; }

 private:
  enum class side { caller, acceptor };

  handshake(side which, const key_bytes& key, peer_description self, const nonce_bytes& nonce,
            version_range versions);

  void on_frame(frame_type type, byte_span payload);
  void on_greeting(byte_span payload);
  void on_proof(byte_span payload);
  void send_greeting();
  void send_proof();
  std::vector<std::byte> encoded_description() const;
  std::array<std::byte, 32> proof_by(side prover, byte_span description) const;
  std::uint32_t length_max() const noexcept;
  void fail(std::string why);
  void fail_and_tell(std::string why, std::string_view told);

  const side side_;
  const key_bytes key_;
  peer_description self_;
  const nonce_bytes nonce_;
  const version_range versions_;

  enum state state_ = state::talking;
  std::vector<std::byte> input_;
  std::vector<std::byte> output_;
  std::vector<std::byte> greetings_[2]; // payloads, by side
  bool greeted_ = false;                // the peer's greeting has come
  bool foreign_ = false;
  peer_description peer_;
  std::uint16_t version_ = 0;
  std::string error_;
};

} // namespace weft::detail
