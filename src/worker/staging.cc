#include "worker/staging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/strings.h"
#include "image/layout.h"
#include "os/file.h"
#include "spec/json_reader.h"
#include "spec/reference.h"

namespace ambit::worker {
namespace {

constexpr char kPartialLayer[] = "partial";
constexpr std::size_t kMaxLayerFileBytes = 65536;

Result<UniqueFd> make_folder(int dir_fd, const std::string& name, mode_t mode) {
  if (::mkdirat(dir_fd, name.c_str(), mode) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "mkdir " + name);
  return os::open_at(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

}  // namespace

BlobWriter::BlobWriter(UniqueFd file, int blobs_fd, std::string name)
    : file_(std::move(file)), blobs_fd_(blobs_fd), name_(std::move(name)) {}

Result<void> BlobWriter::write(std::string_view bytes) {
  hash_.update(bytes);
  size_bytes_ += bytes.size();
  return os::write_all(file_.get(), bytes).context("storing a blob");
}

Result<UniqueFd> BlobWriter::reader() const {
  return os::open_at(blobs_fd_, name_, O_RDONLY | O_NOFOLLOW);
}

Result<image::Descriptor> BlobWriter::finish(std::string_view expected) && {
  image::Descriptor blob{.media_type = "", .digest = hash_.digest(), .size_bytes = size_bytes_};
  if (!expected.empty() && expected != blob.digest) {
    (void)::unlinkat(blobs_fd_, name_.c_str(), 0);
    return Error(ErrorCode::Corrupt, "the blob " + std::string(expected) +
                                         " is damaged: its contents have the digest " +
                                         blob.digest);
  }
  const std::string hex = spec::digest_hex(blob.digest);
  if (::renameat(blobs_fd_, name_.c_str(), blobs_fd_, hex.c_str()) < 0)
    return Error::from_errno(errno, "renaming the blob " + hex);
  return blob;
}

Result<Staging> Staging::open(int data_fd, const std::string& job) {
  constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  Staging staging;
  const std::string path = std::string(image::kStagingDir) + "/" + job;
  staging.job_fd_ = AMBIT_TRY(os::open_at(data_fd, path, kFolder));
  staging.blobs_fd_ = AMBIT_TRY(make_folder(staging.job_fd_.get(), image::kJobBlobsDir, 0700));
  staging.layers_fd_ = AMBIT_TRY(make_folder(staging.job_fd_.get(), image::kJobLayersDir, 0700));
  staging.store_blobs_fd_ = AMBIT_TRY(os::open_at(data_fd, image::kBlobsDir, kFolder));
  staging.store_layers_fd_ = AMBIT_TRY(os::open_at(data_fd, image::kLayersDir, kFolder));
  return staging;
}

Result<BlobWriter> Staging::new_blob() {
  std::string name = strf("tmp.%llu", static_cast<unsigned long long>(count_++));
  UniqueFd file = AMBIT_TRY(os::open_at(blobs_fd_.get(), name, O_WRONLY | O_CREAT | O_EXCL, 0644));
  return BlobWriter(std::move(file), blobs_fd_.get(), std::move(name));
}

Result<image::Descriptor> Staging::add_blob(std::string_view bytes, const char* media_type) {
  BlobWriter writer = AMBIT_TRY(new_blob());
  AMBIT_TRY(writer.write(bytes));
  image::Descriptor blob = AMBIT_TRY(std::move(writer).finish(""));
  blob.media_type = media_type;
  return blob;
}

std::optional<std::uint64_t> Staging::blob_size(const std::string& digest) const {
  const std::string name = spec::digest_hex(digest);
  struct stat st = {};
  if (::fstatat(blobs_fd_.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0 &&
      ::fstatat(store_blobs_fd_.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0)
    return std::nullopt;
  return static_cast<std::uint64_t>(st.st_size);
}

Result<UniqueFd> Staging::open_blob(const std::string& digest) const {
  const std::string name = spec::digest_hex(digest);
  auto staged = os::open_at(blobs_fd_.get(), name, O_RDONLY | O_NOFOLLOW);
  if (staged) return staged;
  return os::open_at(store_blobs_fd_.get(), name, O_RDONLY | O_NOFOLLOW).context("blob");
}

Result<std::string> Staging::read_blob(const std::string& digest, std::size_t limit_bytes) const {
  UniqueFd fd = AMBIT_TRY(open_blob(digest));
  return os::read_all(fd.get(), limit_bytes).context("the blob " + digest);
}

Result<std::optional<Staging::LayerTree>> Staging::find_layer(const std::string& chain_id) const {
  for (const int dir_fd : {layers_fd_.get(), store_layers_fd_.get()}) {
    UniqueFd layer(
        ::openat(dir_fd, chain_id.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!layer) continue;
    auto text = os::read_file_at(layer.get(), image::kLayerFile, kMaxLayerFileBytes);
    auto fs = os::open_at(layer.get(), image::kLayerTree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!text || !fs) continue;
    spec::JsonReader read(image::kLayerFile);
    auto object = read.parse(*text);
    if (!object) continue;
    LayerTree tree{.fs = *std::move(fs), .unpacked_bytes = read.size(*object, "unpackedBytes")};
    return std::optional<LayerTree>(std::move(tree));
  }
  return std::optional<LayerTree>();
}

Result<UniqueFd> Staging::new_layer() {
  UniqueFd layer = AMBIT_TRY(make_folder(layers_fd_.get(), kPartialLayer, 0755));
  return make_folder(layer.get(), image::kLayerTree, 0755);
}

Result<void> Staging::finish_layer(const std::string& diff_id, const std::string& chain_id,
                                   std::uint64_t unpacked_bytes) {
  const nlohmann::json object = {{"diffId", diff_id},
                                 {"chainId", chain_id},
                                 {"unpackedBytes", unpacked_bytes},
                                 {"createdSec", std::time(nullptr)}};
  UniqueFd layer = AMBIT_TRY(os::open_at(layers_fd_.get(), kPartialLayer, O_PATH | O_DIRECTORY));
  // sync() makes it durable together with the tree.
  AMBIT_TRY(os::write_file_atomic(layer.get(), image::kLayerFile, object.dump(1) + "\n",
                                  os::Durability::Crash, 0644));
  if (::renameat(layers_fd_.get(), kPartialLayer, layers_fd_.get(), chain_id.c_str()) < 0)
    return Error::from_errno(errno, "renaming the layer " + chain_id);
  return {};
}

Result<void> Staging::sync() const {
  if (::syncfs(job_fd_.get()) < 0) return Error::from_errno(errno, "syncfs of the store");
  return {};
}

std::string Staging::free_space() const {
  struct statvfs st = {};
  if (::fstatvfs(job_fd_.get(), &st) < 0) return "unknown";
  return strf("%llu MiB", static_cast<unsigned long long>(st.f_bavail) * st.f_frsize >> 20);
}

}  // namespace ambit::worker
