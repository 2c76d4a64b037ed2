#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "image/entry_metadata.h"
#include "image/id_ranges.h"
#include "image/tar_stream.h"
#include "image/worker_call.h"

namespace ambit::image {

struct UnpackOptions {
  const IdMaps* maps = nullptr;  // borrowed
  ForeignIds foreign_ids = ForeignIds::Refuse;
};

struct Unpacked {
  std::uint64_t bytes = 0;  // contents of files
  std::uint64_t entries = 0;
  Losses losses;
};

// Unpacks one layer of an image, by the letter of the OCI image specification ("layer.md"), into
// the empty folder `root_fd`, as a lower folder for an overlay mounted with userxattr. `lower_fds`
// are the layers below, topmost first: what the layer's paths mean depends on their links, and a
// hard link may name one of their files, which is then copied. Nothing is written there, and
// nothing outside of `root_fd`, whatever the archive says.
//
// Runs as root of the user namespace whose ids `options.maps` lists. Whiteouts become character
// devices 0:0 (Linux 5.8 lets anyone make those), opaque markers the attribute user.overlay.opaque;
// both apply to lower layers only, whatever the order of entries. Device nodes are left out and
// counted. Modes and times of folders come last.
//
// Corrupt for an archive that is damaged or escapes; InvalidArgument for owners that are not
// mapped; each error names the entry.
Result<Unpacked> unpack_layer(TarStream& tar, int root_fd, std::vector<int> lower_fds,
                              const UnpackOptions& options);

}  // namespace ambit::image
