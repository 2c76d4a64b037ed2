#include "worker/oci_layout.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "os/file.h"
#include "os/path.h"
#include "spec/reference.h"

namespace ambit::worker {
namespace {

using image::Descriptor;
using image::IndexEntry;

constexpr std::size_t kMaxManifestBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxImages = 1000;
constexpr int kMaxIndexDepth = 4;

// Entries under one name are one image for several platforms.
struct NamedEntries {
  std::string name;
  std::vector<IndexEntry> entries;
};

std::vector<NamedEntries> group_by_name(const std::vector<IndexEntry>& entries) {
  std::vector<NamedEntries> groups;
  for (const IndexEntry& entry : entries) {
    const std::string& name = entry.full_name.empty() ? entry.reference : entry.full_name;
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const NamedEntries& g) { return g.name == name; });
    if (group == groups.end())
      groups.push_back({name, {entry}});
    else
      group->entries.push_back(entry);
  }
  return groups;
}

Result<std::string> read_document(Job& job, const Descriptor& blob, const Fetch& fetch) {
  if (blob.size_bytes > kMaxManifestBytes)
    return Error(ErrorCode::Corrupt, "the manifest " + blob.digest + " is longer than 4 MiB");
  AMBIT_TRY(fetch(blob));
  return job.staging.read_blob(blob.digest, kMaxManifestBytes);
}

// Down through indexes of indexes; one that contains itself ends at the limit.
Result<Descriptor> find_manifest(Job& job, const std::vector<IndexEntry>& entries,
                                 const Fetch& fetch) {
  IndexEntry entry = AMBIT_TRY(image::choose_platform(entries, job.platform));
  for (int depth = 0; image::is_index_type(entry.blob.media_type); ++depth) {
    if (depth == kMaxIndexDepth)
      return Error(ErrorCode::Corrupt, "indexes are nested too deeply at " + entry.blob.digest);
    const std::string text = AMBIT_TRY(read_document(job, entry.blob, fetch));
    const auto below = AMBIT_TRY(image::parse_index(text));
    entry = AMBIT_TRY(image::choose_platform(below, job.platform));
  }
  return entry.blob;
}

Result<void> add_group(Job& job, const NamedEntries& group, const Fetch& fetch) {
  const std::vector<std::string> names =
      group.name.empty() ? std::vector<std::string>() : std::vector{group.name};
  return add_platform_image(job, group.entries, fetch, references_of(job, names));
}

bool is_unusable_here(const Error& error) {
  return error.code() == ErrorCode::NotAnImage || error.code() == ErrorCode::Unsupported;
}

Result<void> copy_blob(Job& job, int folder_fd, const Descriptor& blob) {
  UniqueFd file =
      AMBIT_TRY(os::open_in_root(folder_fd, "blobs/sha256/" + spec::digest_hex(blob.digest),
                                 {.flags = O_RDONLY | O_NONBLOCK}));
  BlobWriter writer = AMBIT_TRY(job.staging.new_blob());
  std::vector<char> buffer(std::size_t{256} << 10);
  std::uint64_t done = 0;
  while (true) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::from_errno(errno, "reading the blob " + blob.digest);
    if (n == 0) break;
    done += static_cast<std::uint64_t>(n);
    if (done > blob.size_bytes) break;
    AMBIT_TRY(writer.write({buffer.data(), static_cast<std::size_t>(n)}));
    job.report.progress({.stage = "storing",
                         .object = blob.digest,
                         .done_bytes = done,
                         .total_bytes = blob.size_bytes});
  }
  if (done != blob.size_bytes)
    return Error(ErrorCode::Corrupt, "the blob " + blob.digest +
                                         " has not the size that it should "
                                         "have: " +
                                         std::to_string(blob.size_bytes) + " bytes");
  (void)AMBIT_TRY(std::move(writer).finish(blob.digest));
  return {};
}

}  // namespace

Result<void> add_platform_image(Job& job, const std::vector<IndexEntry>& entries,
                                const Fetch& fetch, const std::vector<std::string>& references) {
  const Descriptor blob = AMBIT_TRY(find_manifest(job, entries, fetch));
  const std::string text = AMBIT_TRY(read_document(job, blob, fetch));
  const image::Manifest manifest = AMBIT_TRY(image::parse_manifest(text));
  return add_image(job, blob, manifest, fetch, references);
}

Result<void> add_oci_images(Job& job, const std::string& index, const Fetch& fetch) {
  const auto entries = AMBIT_TRY(image::parse_index(index).context("index.json"));
  const auto groups = group_by_name(entries);
  if (groups.empty()) return Error(ErrorCode::NotAnImage, "index.json: it lists no image");
  if (groups.size() > kMaxImages) return Error(ErrorCode::Corrupt, "index.json: too many images");
  std::optional<Error> first;
  for (const NamedEntries& group : groups) {
    auto added = add_group(job, group, fetch);
    if (added) continue;
    Error error = std::move(added).error();
    if (!group.name.empty()) error = std::move(error).context(group.name);
    if (!is_unusable_here(error)) return error;
    job.result.notes.push_back("passed over: " + error.message());
    if (!first) first = std::move(error);
  }
  if (job.result.images.empty() && first) return *std::move(first);
  return {};
}

Result<void> load_oci_folder(Job& job, int folder_fd) {
  UniqueFd file =
      AMBIT_TRY(os::open_in_root(folder_fd, "index.json", {.flags = O_RDONLY | O_NONBLOCK})
                    .context("not an OCI image layout"));
  const std::string index =
      AMBIT_TRY(os::read_all(file.get(), kMaxManifestBytes).context("index.json"));
  return add_oci_images(job, index, [&](const Descriptor& blob) -> Result<void> {
    const auto size = job.staging.blob_size(blob.digest);
    if (size && *size == blob.size_bytes) return {};
    return copy_blob(job, folder_fd, blob);
  });
}

}  // namespace ambit::worker
