#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "image/tar_stream.h"
#include "spec/image_config.h"
#include "worker/archive.h"
#include "worker/docker_archive.h"

namespace ambit::worker {
namespace {

using image::Descriptor;

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

Result<Descriptor> store_input(Job& job, int input_fd) {
  BlobWriter writer = AMBIT_TRY(job.staging.new_blob());
  std::vector<char> buffer(kBufferBytes);
  std::uint64_t done = 0;
  while (true) {
    const ssize_t n = ::read(input_fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::from_errno(errno, "reading the archive");
    if (n == 0) break;
    done += static_cast<std::uint64_t>(n);
    AMBIT_TRY(writer.write({buffer.data(), static_cast<std::size_t>(n)}));
    job.report.progress({.stage = "reading", .done_bytes = done});
  }
  if (done == 0) return Error(ErrorCode::NotAnImage, "the archive is empty");
  return std::move(writer).finish("");
}

// For compressions that no layer may have.
Result<Descriptor> store_unpacked(Job& job, const Descriptor& packed) {
  UniqueFd file = AMBIT_TRY(job.staging.open_blob(packed.digest));
  auto stream = AMBIT_TRY(image::PlainStream::open(file.get(), {}));
  BlobWriter writer = AMBIT_TRY(job.staging.new_blob());
  while (true) {
    const std::string_view piece = AMBIT_TRY(stream.next());
    if (piece.empty()) return std::move(writer).finish("");
    AMBIT_TRY(writer.write(piece));
  }
}

Result<Descriptor> store_layer(Job& job, int input_fd) {
  Descriptor blob = AMBIT_TRY(store_input(job, input_fd));
  auto type = layer_media_type(job, blob.digest);
  if (!type && type.error().code() == ErrorCode::Unsupported) {
    blob = AMBIT_TRY(store_unpacked(job, blob));
    type = std::string(image::kLayerType);
  }
  blob.media_type = AMBIT_TRY(std::move(type));
  return blob;
}

}  // namespace

Result<void> import_tree(Job& job, int input_fd, spec::ImageConfig config) {
  const Descriptor layer = AMBIT_TRY(store_layer(job, input_fd));
  const UnpackedLayer unpacked = AMBIT_TRY(unpack_blob(job, layer, {}, ""));
  config.diff_ids = {unpacked.diff_id};
  AMBIT_TRY(job.staging.finish_layer(unpacked.diff_id, image::chain_ids(config.diff_ids).front(),
                                     unpacked.bytes));
  config.os = job.platform.os;
  config.architecture = job.platform.architecture;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  config.created_usec = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  image::Manifest manifest;
  manifest.config =
      AMBIT_TRY(job.staging.add_blob(spec::write_image_config(config), image::kConfigType));
  manifest.layers = {layer};
  const Descriptor blob =
      AMBIT_TRY(job.staging.add_blob(image::write_manifest(manifest), image::kManifestType));
  const Fetch have = [](const Descriptor&) { return Result<void>(); };
  return add_image(job, blob, manifest, have, references_of(job, {}));
}

}  // namespace ambit::worker
