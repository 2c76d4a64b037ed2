#include "worker/archive.h"

#include <archive_entry.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <utility>

#include "image/manifest.h"
#include "image/tar_stream.h"
#include "image/tree_view.h"
#include "spec/reference.h"
#include "worker/docker_archive.h"
#include "worker/oci_layout.h"

namespace ambit::worker {
namespace {

using image::Descriptor;

constexpr std::string_view kBlobFolder = "blobs/sha256/";
constexpr std::array<std::string_view, 2> kDocuments = {"index.json", "manifest.json"};
constexpr std::size_t kMaxDocumentBytes = std::size_t{8} << 20;
constexpr std::size_t kMaxParts = 20000;

// Files of a docker-archive that an image may consist of.
bool may_be_part(const std::string& path) {
  for (const std::string_view ending : {".json", ".tar", ".tar.gz", ".tar.zst"})
    if (path.ends_with(ending)) return true;
  return false;
}

Result<void> store_contents(Job& job, image::TarStream& tar, std::string_view expected,
                            Descriptor& stored) {
  BlobWriter writer = AMBIT_TRY(job.staging.new_blob());
  image::TarStream::Block block;
  std::uint64_t end = 0;
  while (AMBIT_TRY(tar.next_block(block))) {
    if (block.bytes.empty()) continue;
    if (block.offset != end) return Error(ErrorCode::Corrupt, "a part of an image with holes");
    AMBIT_TRY(writer.write(block.bytes));
    end += block.bytes.size();
  }
  stored = AMBIT_TRY(std::move(writer).finish(expected));
  return {};
}

class ArchiveReader {
 public:
  explicit ArchiveReader(Job& job) : job_(job) {}

  Result<void> read(image::TarStream& tar) {
    while (archive_entry* entry = AMBIT_TRY(tar.next())) {
      const char* name = archive_entry_pathname(entry);
      if (name == nullptr) return Error(ErrorCode::Corrupt, "an entry without a name");
      const std::string path = AMBIT_TRY(image::clean_path(name));
      if (parts_.files.size() + parts_.links.size() > kMaxParts)
        return Error(ErrorCode::Corrupt, "it has too many parts for an image archive");
      AMBIT_TRY(take(entry, path, tar));
    }
    return {};
  }

  ArchiveParts& parts() { return parts_; }

 private:
  Result<void> take(archive_entry* entry, const std::string& path, image::TarStream& tar) {
    if (const char* target = archive_entry_hardlink(entry); target != nullptr) {
      parts_.links[path] = AMBIT_TRY(image::clean_path(target));
      return {};
    }
    if (archive_entry_filetype(entry) == AE_IFLNK) {
      const char* target = archive_entry_symlink(entry);
      if (target == nullptr) return {};
      parts_.links[path] =
          AMBIT_TRY(image::clean_path(image::join_path(image::parent_path(path), target)));
      return {};
    }
    if (archive_entry_filetype(entry) != AE_IFREG) return {};
    if (path.starts_with(kBlobFolder)) return take_blob(path, tar);
    for (const std::string_view document : kDocuments)
      if (path == document) {
        parts_.documents[path] = AMBIT_TRY(tar.read_contents(kMaxDocumentBytes).context(path));
        return {};
      }
    if (!may_be_part(path)) return {};
    Descriptor blob;
    AMBIT_TRY(store_contents(job_, tar, "", blob).context(path));
    parts_.files[path] = std::move(blob);
    return {};
  }

  Result<void> take_blob(const std::string& path, image::TarStream& tar) {
    const std::string digest = "sha256:" + path.substr(kBlobFolder.size());
    if (!spec::is_sha256_digest(digest))
      return Error(ErrorCode::Corrupt, "a blob that isn't named by its digest: " + path);
    Descriptor blob;
    AMBIT_TRY(store_contents(job_, tar, digest, blob));
    parts_.files[path] = std::move(blob);
    return {};
  }

  Job& job_;
  ArchiveParts parts_;
};

Result<void> require_blob(const Job& job, const Descriptor& blob) {
  const auto size = job.staging.blob_size(blob.digest);
  if (!size) return Error(ErrorCode::Corrupt, "the archive lacks the blob " + blob.digest);
  if (*size != blob.size_bytes)
    return Error(ErrorCode::Corrupt, "the blob " + blob.digest +
                                         " has not the size that it should "
                                         "have: " +
                                         std::to_string(blob.size_bytes) + " bytes");
  return {};
}

std::uint64_t total_bytes(int fd) {
  struct stat st = {};
  return ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? static_cast<std::uint64_t>(st.st_size) : 0;
}

}  // namespace

Result<void> load_archive(Job& job, int input_fd) {
  const std::uint64_t total = total_bytes(input_fd);
  auto stream = AMBIT_TRY(image::PlainStream::open(
      input_fd, {.plain_hash = nullptr, .on_read = [&](std::uint64_t done) {
                   job.report.progress(
                       {.stage = "reading", .done_bytes = done, .total_bytes = total});
                 }}));
  auto tar = AMBIT_TRY(image::TarStream::open(stream));
  ArchiveReader reader(job);
  AMBIT_TRY(reader.read(tar));
  ArchiveParts& parts = reader.parts();
  const Fetch fetch = [&](const Descriptor& blob) { return require_blob(job, blob); };
  if (const auto index = parts.documents.find("index.json"); index != parts.documents.end())
    return add_oci_images(job, index->second, fetch);
  if (const auto list = parts.documents.find("manifest.json"); list != parts.documents.end())
    return add_docker_images(job, list->second, parts, fetch);
  return Error(ErrorCode::NotAnImage,
               "not an image archive: it has neither index.json nor manifest.json; a tar of a root "
               "file system is for import");
}

}  // namespace ambit::worker
