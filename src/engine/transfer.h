#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/fetch_call.h"
#include "image/worker_call.h"

namespace ambit::engine {

// What a client wants to have from a registry.
struct PullRequest {
  image::FetchOptions fetch;
  std::vector<std::string> environment;  // the client's, as far as image::fetch_environment lets it
  std::string architecture;              // "" for the host's
  std::string variant;                   // "" for the best that the processor runs
  image::ForeignIds foreign_ids = image::ForeignIds::Refuse;
};

enum class TransferState { Running, Done, Failed, Cancelled };

// One blob of it.
struct TransferPart {
  std::string digest;
  std::string stage;  // "waiting", "present", "fetching", "unpacking"
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;

  bool operator==(const TransferPart&) const = default;
};

// An image on its way, and how that ended.
struct Transfer {
  std::string id;
  std::string reference;  // as the client wrote it
  TransferState state = TransferState::Running;
  std::vector<TransferPart> parts;  // in the order in which they became known
  std::string note;                 // what is tried again, and why; or ""
  std::string image_id;             // of Done
  std::optional<Error> error;       // of Failed and Cancelled
};

// Takes over what a worker says of its progress.
void take_progress(Transfer& transfer, const image::Progress& progress);

// "running", "done", "failed", "cancelled".
const char* state_name(TransferState state);

}  // namespace ambit::engine
