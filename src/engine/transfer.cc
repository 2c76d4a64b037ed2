#include "engine/transfer.h"

#include <algorithm>

#include "spec/reference.h"

namespace ambit::engine {

void take_progress(Transfer& transfer, const image::Progress& progress) {
  if (!progress.note.empty()) transfer.note = progress.note;
  if (!spec::is_sha256_digest(progress.object)) return;
  auto part = std::find_if(transfer.parts.begin(), transfer.parts.end(),
                           [&](const auto& known) { return known.digest == progress.object; });
  if (part == transfer.parts.end())
    part = transfer.parts.insert(transfer.parts.end(), {.digest = progress.object});
  // A blob is unpacked while the rest of it comes: what is still to come counts.
  const bool comes = part->stage == "fetching" && part->done_bytes < part->total_bytes;
  if (comes && progress.stage == "unpacking") return;
  part->stage = progress.stage;
  part->done_bytes = progress.done_bytes;
  part->total_bytes = progress.total_bytes;
}

const char* state_name(TransferState state) {
  switch (state) {
    case TransferState::Running:
      return "running";
    case TransferState::Done:
      return "done";
    case TransferState::Failed:
      return "failed";
    case TransferState::Cancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace ambit::engine
