#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/id_ranges.h"
#include "image/manifest.h"
#include "image/worker_call.h"
#include "worker/report.h"
#include "worker/staging.h"

namespace ambit::worker {

// Blobs that are on their way while others are unpacked.
class GrowingBlobs {
 public:
  virtual ~GrowingBlobs() = default;
  // They will be opened, in this order: those that are missing may be fetched ahead.
  virtual void expect(const std::vector<image::Descriptor>& blobs) = 0;
  // What there is of it, and what will come; to be read no further than wait() allows.
  virtual Result<UniqueFd> open(const image::Descriptor& blob) = 0;
  // Until there are bytes beyond `position`, or all are there.
  virtual Result<void> wait(const image::Descriptor& blob, std::uint64_t position) = 0;
  // Until all are there. Corrupt where they have another digest.
  virtual Result<void> finish(const image::Descriptor& blob) = 0;
};

// What load, import and pull share while they run.
struct Job {
  Staging staging;
  Report& report;
  image::IdMaps maps;
  image::ForeignIds foreign_ids = image::ForeignIds::Refuse;
  image::Platform platform;
  std::string tag_hint;   // completes names that are only a tag
  std::string name_hint;  // for images without a name
  image::WorkerResult result;
  GrowingBlobs* growing = nullptr;  // of a pull; borrowed
};

// Sees to it that the job or the store has a blob, whole and with the right digest.
using Fetch = std::function<Result<void>(const image::Descriptor& blob)>;

struct UnpackedLayer {
  std::string diff_id;
  std::uint64_t bytes = 0;
};

// Unpacks a blob over the layers `lower_fds`, topmost first, into the job's partial layer.
// `expected_diff_id` may be "" where there is none to hold it against.
Result<UnpackedLayer> unpack_blob(Job& job, const image::Descriptor& blob,
                                  const std::vector<int>& lower_fds,
                                  const std::string& expected_diff_id);

// Fetches the configuration and the layers of a manifest, unpacks those layers that nobody has,
// and adds the image to job.result. Corrupt where digests or counts don't agree; Unsupported for
// another platform.
Result<void> add_image(Job& job, const image::Descriptor& manifest_blob,
                       const image::Manifest& manifest, const Fetch& fetch,
                       const std::vector<std::string>& references);

// From the names that an archive gives an image, those that are references, normalised. A lone tag
// ("3.20") is combined with the job's hint ("alpine-3.20", "alpine": alpine:3.20); an image without
// a name gets the other hint, if that can be one.
std::vector<std::string> references_of(const Job& job, const std::vector<std::string>& names);

}  // namespace ambit::worker
