#include "worker/docker_archive.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "image/manifest.h"
#include "image/tree_view.h"

namespace ambit::worker {
namespace {

using image::Descriptor;

constexpr int kMaxLinks = 8;

Result<Descriptor> find_part(const ArchiveParts& parts, const std::string& name) {
  std::string path = AMBIT_TRY(image::clean_path(name));
  for (int i = 0; i < kMaxLinks; ++i) {
    if (const auto file = parts.files.find(path); file != parts.files.end()) return file->second;
    const auto link = parts.links.find(path);
    if (link == parts.links.end()) break;
    path = link->second;
  }
  return Error(ErrorCode::Corrupt, "the archive lacks " + name);
}

Result<image::Manifest> make_manifest(Job& job, const image::ArchivedImage& archived,
                                      const ArchiveParts& parts) {
  image::Manifest manifest;
  manifest.config = AMBIT_TRY(find_part(parts, archived.config));
  manifest.config.media_type = image::kConfigType;
  for (const std::string& path : archived.layers) {
    Descriptor layer = AMBIT_TRY(find_part(parts, path));
    layer.media_type = AMBIT_TRY(layer_media_type(job, layer.digest).context(path));
    manifest.layers.push_back(std::move(layer));
  }
  return manifest;
}

}  // namespace

Result<std::string> layer_media_type(const Job& job, const std::string& digest) {
  UniqueFd file = AMBIT_TRY(job.staging.open_blob(digest));
  char bytes[6] = {};
  const ssize_t n = ::pread(file.get(), bytes, sizeof bytes, 0);
  if (n < 0) return Error::from_errno(errno, "reading a layer");
  const std::string_view magic(bytes, static_cast<std::size_t>(n));
  if (magic.starts_with("\x1f\x8b")) return std::string(image::kGzipLayerType);
  if (magic.starts_with("\x28\xb5\x2f\xfd")) return std::string(image::kZstdLayerType);
  if (magic.starts_with("BZh") || magic.starts_with(std::string_view("\xfd"
                                                                     "7zXZ\0",
                                                                     6)))
    return Error(ErrorCode::Unsupported, "a layer packed with bzip2 or xz");
  return std::string(image::kLayerType);
}

Result<void> add_docker_images(Job& job, const std::string& list, const ArchiveParts& parts,
                               const Fetch& fetch) {
  for (const image::ArchivedImage& archived : AMBIT_TRY(image::parse_docker_archive(list))) {
    const image::Manifest manifest = AMBIT_TRY(make_manifest(job, archived, parts));
    const Descriptor blob =
        AMBIT_TRY(job.staging.add_blob(image::write_manifest(manifest), image::kManifestType));
    AMBIT_TRY(add_image(job, blob, manifest, fetch, references_of(job, archived.references)));
  }
  return {};
}

}  // namespace ambit::worker
