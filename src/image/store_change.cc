#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "base/strings.h"
#include "image/index_file.h"
#include "image/layout.h"
#include "image/store.h"
#include "os/dir.h"
#include "os/file.h"
#include "spec/reference.h"

namespace ambit::image {
namespace {

// Given up when the disk is full, so that index.json can be written anew to remove images.
constexpr char kReserveFile[] = "reserve";
constexpr off_t kReserveBytes = 1 << 20;

// Best effort: without it, removing on a full disk may need space from elsewhere.
void keep_reserve(int data_fd) {
  UniqueFd fd(::openat(data_fd, kReserveFile, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd) (void)::posix_fallocate(fd.get(), 0, kReserveBytes);
}

// Only what has the form of a blob goes in: a worker that was taken over could leave a link.
bool is_staged_blob(int job_fd, const std::string& path, const Descriptor& blob) {
  struct stat st = {};
  return ::fstatat(job_fd, path.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
         static_cast<std::uint64_t>(st.st_size) == blob.size_bytes;
}

Result<std::string> tag_of(std::string_view text) {
  const spec::Reference reference = AMBIT_TRY(spec::parse_reference(text));
  if (!reference.digest.empty())
    return Error(ErrorCode::InvalidReference,
                 "a tag can't have a digest: '" + std::string(text) + "'");
  return reference.normalised();
}

}  // namespace

Result<void> Store::write_index() {
  std::vector<IndexEntry> entries;
  for (const Entry& entry : index_) {
    const ImageRecord& record = records_.at(entry.manifest.digest);
    entries.push_back({.blob = entry.manifest,
                       .reference = entry.reference,
                       .full_name = entry.reference,
                       .architecture = record.config.architecture,
                       .os = record.config.os,
                       .variant = record.variant});
  }
  const std::string text = image::write_index(entries);
  auto written =
      os::write_file_atomic(layout_fd_.get(), kIndexFile, text, os::Durability::PowerLoss, 0644);
  if (!written && written.error().code() == ErrorCode::NoSpace &&
      ::unlinkat(data_fd_.get(), kReserveFile, 0) == 0)
    written =
        os::write_file_atomic(layout_fd_.get(), kIndexFile, text, os::Durability::PowerLoss, 0644);
  if (written) keep_reserve(data_fd_.get());
  return std::move(written).context("images/index.json");
}

// An entry without a reference stands only while its manifest has no other.
void Store::set_reference(const Descriptor& manifest, const std::string& reference) {
  if (!reference.empty()) drop_reference(reference);
  const bool known = std::any_of(index_.begin(), index_.end(), [&](const Entry& entry) {
    return entry.manifest.digest == manifest.digest;
  });
  if (reference.empty() && known) return;
  std::erase_if(index_, [&](const Entry& entry) {
    return entry.manifest.digest == manifest.digest && entry.reference.empty();
  });
  index_.push_back({manifest, reference});
}

void Store::drop_reference(const std::string& reference) {
  const auto old = std::find_if(index_.begin(), index_.end(),
                                [&](const Entry& entry) { return entry.reference == reference; });
  if (old == index_.end()) return;
  const bool others = std::any_of(index_.begin(), index_.end(), [&](const Entry& entry) {
    return entry.reference != reference && entry.manifest.digest == old->manifest.digest;
  });
  if (others)
    index_.erase(old);
  else
    old->reference.clear();
}

Result<std::string> Store::begin_job() {
  const std::string job = random_id().substr(0, 16);
  if (::mkdirat(staging_fd_.get(), job.c_str(), 0700) < 0)
    return Error::from_errno(errno, "image store " + path_ + ": mkdir staging/" + job);
  jobs_.push_back(job);
  return job;
}

Result<std::vector<std::string>> Store::finish_job(const std::string& job,
                                                   const std::vector<ImageRecord>& images) {
  const std::vector<Entry> index_before = index_;
  const auto publish = [&]() -> Result<std::vector<std::string>> {
    UniqueFd job_fd = AMBIT_TRY(os::open_at(staging_fd_.get(), job, O_PATH | O_DIRECTORY));
    std::vector<std::string> ids;
    for (const ImageRecord& image : images) AMBIT_TRY(publish_files(job_fd.get(), image));
    AMBIT_TRY(os::sync_dir(layers_fd_.get()));
    AMBIT_TRY(os::sync_dir(blobs_fd_.get()));
    for (const ImageRecord& image : images) {
      ImageRecord record = image;
      record.references.clear();
      record.broken.clear();
      records_[image.manifest.digest] = std::move(record);
      set_reference(image.manifest, "");
      for (const std::string& reference : image.references)
        set_reference(image.manifest, AMBIT_TRY(spec::parse_reference(reference)).normalised());
      ids.push_back(image.id);
    }
    AMBIT_TRY(write_index());
    return ids;
  };
  auto ids = publish();
  if (!ids) index_ = index_before;
  // Layers that were published anew may have mended other images.
  for (auto& [digest, record] : records_)
    if (ids && !record.broken.empty() && !record.layers.empty())
      record.broken = what_is_broken(record);
  rebuild();
  end_job(job);
  return std::move(ids).context("publishing images in " + path_);
}

void Store::abandon_job(const std::string& job) { end_job(job); }

Result<void> Store::publish_files(int job_fd, const ImageRecord& image) {
  AMBIT_TRY(publish_blob(job_fd, image.manifest));
  AMBIT_TRY(publish_blob(job_fd, image.config_blob));
  for (const Layer& layer : image.layers) {
    AMBIT_TRY(publish_blob(job_fd, layer.blob));
    AMBIT_TRY(publish_layer(job_fd, layer));
  }
  return os::write_file_atomic(records_fd_.get(), spec::digest_hex(image.manifest.digest) + ".json",
                               write_image_record(image), os::Durability::PowerLoss, 0644);
}

// A blob that the job doesn't have was there when the worker looked, or was published a moment ago
// for another image of the same job.
Result<void> Store::publish_blob(int job_fd, const Descriptor& blob) {
  const std::string name = spec::digest_hex(blob.digest);
  const std::string staged = std::string(kJobBlobsDir) + "/" + name;
  if (is_staged_blob(job_fd, staged, blob)) {
    if (::renameat(job_fd, staged.c_str(), blobs_fd_.get(), name.c_str()) == 0) return {};
    return Error::from_errno(errno, "renaming blob " + name);
  }
  if (::faccessat(blobs_fd_.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) < 0)
    return Error::from_errno(errno, "blob " + name);
  return {};
}

Result<void> Store::publish_layer(int job_fd, const Layer& layer) {
  const std::string staged = std::string(kJobLayersDir) + "/" + layer.chain_id;
  if (has_layer(layer.chain_id)) return {};
  // What is there without a tree is damaged.
  if (::faccessat(layers_fd_.get(), layer.chain_id.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    discard(layers_fd_.get(), layer.chain_id);
  if (::renameat(job_fd, staged.c_str(), layers_fd_.get(), layer.chain_id.c_str()) < 0)
    return Error::from_errno(errno, "renaming layer " + layer.chain_id);
  if (!has_layer(layer.chain_id))
    return Error(ErrorCode::Corrupt, "the layer " + layer.chain_id + " has no tree");
  return {};
}

// Most jobs leave nothing but empty folders, which need no worker.
void Store::end_job(const std::string& job) {
  std::erase(jobs_, job);
  for (const char* name : {kJobBlobsDir, kJobLayersDir})
    (void)::unlinkat(staging_fd_.get(), (job + "/" + name).c_str(), AT_REMOVEDIR);
  if (::unlinkat(staging_fd_.get(), job.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
    discard(staging_fd_.get(), job);
  collect();
}

Result<void> Store::tag(std::string_view name, std::string_view reference) {
  const std::string full = AMBIT_TRY(tag_of(reference));
  const ImageRecord* image = AMBIT_TRY(find(name));
  const std::vector<Entry> index_before = index_;
  set_reference(Descriptor(image->manifest), full);
  auto written = write_index();
  if (!written) index_ = index_before;
  rebuild();
  return written;
}

Result<void> Store::untag(std::string_view reference) {
  const std::string full = AMBIT_TRY(spec::parse_reference(reference)).normalised();
  const std::vector<Entry> index_before = index_;
  drop_reference(full);
  if (std::none_of(index_before.begin(), index_before.end(),
                   [&](const Entry& entry) { return entry.reference == full; }))
    return Error(ErrorCode::NoSuchImage, "no such image: " + std::string(reference));
  auto written = write_index();
  if (!written) index_ = index_before;
  rebuild();
  return written;
}

Result<RemovedImage> Store::remove(std::string_view name, RemoveReferences references,
                                   const ImageUsers& users) {
  const ImageRecord image = *AMBIT_TRY(find(name));
  auto parsed = spec::parse_reference(name);
  const std::string full = parsed ? parsed->normalised() : "";
  const bool by_reference =
      std::find(image.references.begin(), image.references.end(), full) != image.references.end();
  if (by_reference && image.references.size() > 1) {
    AMBIT_TRY(untag(full));
    return RemovedImage{.untagged = {full}};
  }
  if (!by_reference && image.references.size() > 1 && references == RemoveReferences::KeepOthers)
    return Error(ErrorCode::Busy, "image " + short_id(image.id) + " has several names (" +
                                      join(image.references, ", ") +
                                      "): remove them one by one, or all with --force");
  return remove_image(image, users);
}

Result<RemovedImage> Store::remove_image(const ImageRecord& image, const ImageUsers& users) {
  if (const std::vector<std::string> names = users(image.id); !names.empty())
    return Error(ErrorCode::Busy,
                 "image " + short_id(image.id) + " is used by the containers " + join(names, ", "));
  const std::vector<Entry> index_before = index_;
  RemovedImage removed{.untagged = image.references, .deleted_id = image.id};
  std::erase_if(index_, [&](const Entry& entry) {
    return records_.at(entry.manifest.digest).id == image.id;
  });
  removed.freed_bytes = bytes_of_only(image);
  auto written = write_index();
  if (!written) {
    index_ = index_before;
    return std::move(written).error();
  }
  rebuild();
  collect();
  return removed;
}

// What the image has and no entry of the index needs any more.
std::uint64_t Store::bytes_of_only(const ImageRecord& image) const {
  std::set<std::string> kept;
  for (const Entry& entry : index_)
    for (const Layer& layer : records_.at(entry.manifest.digest).layers) {
      kept.insert(layer.chain_id);
      kept.insert(layer.blob.digest);
    }
  std::uint64_t bytes = image.manifest.size_bytes + image.config_blob.size_bytes;
  for (const Layer& layer : image.layers) {
    if (!kept.contains(layer.chain_id)) bytes += layer.unpacked_bytes;
    if (!kept.contains(layer.blob.digest)) bytes += layer.blob.size_bytes;
  }
  return bytes;
}

Result<std::vector<RemovedImage>> Store::prune(Tagged tagged, const ImageUsers& users) {
  std::vector<RemovedImage> removed;
  const std::vector<ImageRecord> images = images_;
  for (const ImageRecord& image : images) {
    if (tagged == Tagged::Keep && !image.references.empty()) continue;
    if (!users(image.id).empty()) continue;
    removed.push_back(AMBIT_TRY(remove_image(image, users)));
  }
  return removed;
}

// Renames into the trash whatever no entry of the index needs. An image whose record is lost may
// need anything, so nothing goes before it has been removed or loaded again.
void Store::collect() {
  if (!jobs_.empty()) return;
  std::set<std::string> kept;
  for (const Entry& entry : index_) {
    const ImageRecord& record = records_.at(entry.manifest.digest);
    if (record.config_blob.digest.empty()) return;
    kept.insert(spec::digest_hex(entry.manifest.digest));
    kept.insert(spec::digest_hex(entry.manifest.digest) + ".json");
    kept.insert(spec::digest_hex(record.config_blob.digest));
    for (const Layer& layer : record.layers) {
      kept.insert(layer.chain_id);
      kept.insert(spec::digest_hex(layer.blob.digest));
    }
  }
  for (const int dir_fd : {layers_fd_.get(), blobs_fd_.get(), records_fd_.get()}) {
    auto names = os::list_names(dir_fd);
    if (!names) problems_.push_back("collecting: " + names.error().message());
    if (!names) continue;
    for (const std::string& name : *names)
      if (!kept.contains(name)) discard(dir_fd, name);
  }
  std::erase_if(records_,
                [&](const auto& item) { return !kept.contains(spec::digest_hex(item.first)); });
}

void Store::discard(int dir_fd, const std::string& name) {
  const std::string trashed = name + "." + random_id().substr(0, 8);
  if (::renameat(dir_fd, name.c_str(), trash_fd_.get(), trashed.c_str()) == 0) {
    trash_.push_back(trashed);
    return;
  }
  const int err = errno;
  problems_.push_back(Error::from_errno(err, "moving " + name + " to the trash").message());
}

void Store::forget_trash(const std::vector<std::string>& names) {
  std::erase_if(trash_, [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  });
}

}  // namespace ambit::image
