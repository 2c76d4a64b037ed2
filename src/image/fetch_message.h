#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

// What ambit-worker, which takes images apart, and ambit-fetch, which has the network, say to each
// other over a socket of messages (os/socket.h). Neither trusts the other: each message is checked
// by who receives it, and what a blob's bytes are, the worker alone decides by their digest.
//
// A request comes with the write end of a pipe. What was asked for goes into it; after its last
// byte, or instead of it, there is one FetchEnd. Notes may come at any time before that.
namespace ambit::image {

enum class FetchKind { Manifest, Blob };

struct FetchRequest {
  std::uint64_t id = 0;  // the worker's own number, not used twice
  FetchKind kind = FetchKind::Blob;
  std::string name;              // a digest; of a manifest also "", for what the user named
  std::uint64_t size_bytes = 0;  // 0 where it is not known
};

// For people: what is tried again, and why.
struct FetchNote {
  std::uint64_t id = 0;
  std::string text;
};

struct FetchEnd {
  std::uint64_t id = 0;
  std::optional<Error> error;  // nothing else is set then
  std::string name;            // of the user's manifest: its normalised reference
};

using FetchAnswer = std::variant<FetchNote, FetchEnd>;

std::string write_message(const FetchRequest& request);
std::string write_message(const FetchNote& note);
std::string write_message(const FetchEnd& end);

// Corrupt for what the other side does not write.
Result<FetchRequest> parse_fetch_request(std::string_view message);
Result<FetchAnswer> parse_fetch_answer(std::string_view message);

}  // namespace ambit::image
