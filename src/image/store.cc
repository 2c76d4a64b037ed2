#include "image/store.h"

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
#include "os/dir.h"
#include "os/file.h"
#include "spec/reference.h"

namespace ambit::image {
namespace {

constexpr std::size_t kMaxIndexBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxRecordBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxConfigBytes = std::size_t{16} << 20;
constexpr std::size_t kMinPrefixDigits = 3;
constexpr std::size_t kMaxCandidates = 8;
constexpr char kLayoutContent[] = "{\"imageLayoutVersion\": \"1.0.0\"}\n";

Result<UniqueFd> make_folder(int dir_fd, const std::string& name) {
  // 0711: the container's root, another id, has to walk through layers/.
  if (::mkdirat(dir_fd, name.c_str(), 0711) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "mkdir " + name);
  return os::open_at(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

std::string record_file(const std::string& manifest_digest) {
  return spec::digest_hex(manifest_digest) + ".json";
}

bool is_blob(int blobs_fd, const Descriptor& blob) {
  struct stat st = {};
  return ::fstatat(blobs_fd, spec::digest_hex(blob.digest).c_str(), &st, AT_SYMLINK_NOFOLLOW) ==
             0 &&
         S_ISREG(st.st_mode) && static_cast<std::uint64_t>(st.st_size) == blob.size_bytes;
}

Error no_such_image(std::string_view name) {
  return Error(ErrorCode::NoSuchImage, "no such image: " + std::string(name));
}

// "REGISTRY/REPOSITORY" of a reference.
std::string repository_of(const std::string& normalised) {
  auto reference = spec::parse_reference(normalised);
  return reference ? reference->registry + "/" + reference->repository : "";
}

}  // namespace

Result<Store> Store::open(int data_fd, const std::string& path) {
  Store store;
  store.path_ = path;
  AMBIT_TRY(store.open_folders(data_fd).context("image store " + path));
  AMBIT_TRY(store.load_index().context("image store " + path));
  for (const Entry& entry : store.index_) store.load_record(entry.manifest);
  store.rebuild();
  store.note_damage();
  AMBIT_TRY(store.sweep_staging().context("image store " + path));
  store.collect();
  return store;
}

Result<void> Store::open_folders(int data_fd) {
  data_fd_ = AMBIT_TRY(os::open_at(data_fd, ".", O_PATH | O_DIRECTORY));
  layout_fd_ = AMBIT_TRY(make_folder(data_fd, kLayoutDir));
  UniqueFd blobs_parent = AMBIT_TRY(make_folder(layout_fd_.get(), "blobs"));
  blobs_fd_ = AMBIT_TRY(make_folder(blobs_parent.get(), "sha256"));
  records_fd_ = AMBIT_TRY(make_folder(data_fd, kRecordsDir));
  layers_fd_ = AMBIT_TRY(make_folder(data_fd, kLayersDir));
  staging_fd_ = AMBIT_TRY(make_folder(data_fd, kStagingDir));
  trash_fd_ = AMBIT_TRY(make_folder(data_fd, kTrashDir));
  trash_ = AMBIT_TRY(os::list_names(trash_fd_.get()));
  auto layout = os::read_file_at(layout_fd_.get(), kLayoutFile, kMaxRecordBytes);
  if (layout && *layout == kLayoutContent) return {};
  return os::write_file_atomic(layout_fd_.get(), kLayoutFile, kLayoutContent,
                               os::Durability::PowerLoss, 0644);
}

Result<void> Store::load_index() {
  auto text = os::read_file_at(layout_fd_.get(), kIndexFile, kMaxIndexBytes);
  if (!text && text.error().sys_errno() == ENOENT) {
    if (AMBIT_TRY(os::list_names(records_fd_.get())).empty()) return write_index();
    problems_.push_back("images/index.json is missing");
    return recover_index();
  }
  if (!text && text.error().code() != ErrorCode::Corrupt) return std::move(text).error();
  auto entries = text ? parse_index(*text) : std::move(text).error();
  if (!entries) {
    problems_.push_back("images/index.json: " + entries.error().message());
    (void)::renameat(layout_fd_.get(), kIndexFile, layout_fd_.get(), "index.json.damaged");
    return recover_index();
  }
  for (const IndexEntry& entry : *entries) {
    auto reference = spec::parse_reference(entry.reference);
    index_.push_back({entry.blob, reference ? reference->normalised() : ""});
  }
  return {};
}

// Without an index the records still tell the images; only their names are lost.
Result<void> Store::recover_index() {
  for (const std::string& name : AMBIT_TRY(os::list_names(records_fd_.get()))) {
    auto text = os::read_file_at(records_fd_.get(), name, kMaxRecordBytes);
    auto record = text ? parse_image_record(*text) : std::move(text).error();
    if (record && record_file(record->manifest.digest) == name)
      index_.push_back({record->manifest, ""});
  }
  problems_.push_back(strf("%zu images were found again, without their names", index_.size()));
  for (const Entry& entry : index_) load_record(entry.manifest);
  return write_index();
}

void Store::load_record(const Descriptor& manifest) {
  if (records_.contains(manifest.digest)) return;
  const std::string name = record_file(manifest.digest);
  auto text = os::read_file_at(records_fd_.get(), name, kMaxRecordBytes);
  auto record = text ? parse_image_record(*text) : std::move(text).error();
  if (record && record->manifest.digest != manifest.digest)
    record = Error(ErrorCode::Corrupt, "it is another image's");
  if (record) {
    record->broken = what_is_broken(*record);
    records_.emplace(manifest.digest, *std::move(record));
    return;
  }
  ImageRecord unknown;
  unknown.id = spec::digest_hex(manifest.digest);
  unknown.manifest = manifest;
  unknown.broken = strf("image-records/%s: %s", name.c_str(), record.error().message().c_str());
  records_.emplace(manifest.digest, std::move(unknown));
}

std::string Store::what_is_broken(const ImageRecord& record) const {
  for (const Layer& layer : record.layers)
    if (!has_layer(layer.chain_id)) return "the layer layers/" + layer.chain_id + " is missing";
  std::vector<Descriptor> blobs = {record.manifest, record.config_blob};
  for (const Layer& layer : record.layers) blobs.push_back(layer.blob);
  for (const Descriptor& blob : blobs)
    if (!is_blob(blobs_fd_.get(), blob)) return "the blob " + blob.digest + " is missing or cut";
  return "";
}

bool Store::has_layer(const std::string& chain_id) const {
  struct stat st = {};
  const std::string tree = chain_id + "/" + kLayerTree;
  return ::fstatat(layers_fd_.get(), tree.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(st.st_mode);
}

void Store::note_damage() {
  for (const ImageRecord& image : images_)
    if (!image.broken.empty())
      problems_.push_back("image " + short_id(image.id) + " is broken: " + image.broken);
}

Result<void> Store::sweep_staging() {
  for (const std::string& job : AMBIT_TRY(os::list_names(staging_fd_.get())))
    discard(staging_fd_.get(), job);
  return {};
}

// Entries of the same ID become one image: a configuration may be reached by several manifests,
// whose layers differ only in compression.
void Store::rebuild() {
  std::map<std::string, ImageRecord> by_id;
  for (const Entry& entry : index_) {
    ImageRecord& image =
        by_id.try_emplace(records_.at(entry.manifest.digest).id, records_.at(entry.manifest.digest))
            .first->second;
    if (!entry.reference.empty()) image.references.push_back(entry.reference);
  }
  images_.clear();
  for (auto& [id, image] : by_id) {
    std::sort(image.references.begin(), image.references.end());
    images_.push_back(std::move(image));
  }
  std::stable_sort(images_.begin(), images_.end(),
                   [](const auto& a, const auto& b) { return a.loaded_usec > b.loaded_usec; });
}

std::vector<std::string> Store::take_problems() { return std::exchange(problems_, {}); }

const ImageRecord* Store::image_of(const Descriptor& manifest) const {
  const auto record = records_.find(manifest.digest);
  if (record == records_.end()) return nullptr;
  const auto found = std::find_if(images_.begin(), images_.end(), [&](const ImageRecord& image) {
    return image.id == record->second.id;
  });
  return found == images_.end() ? nullptr : &*found;
}

const ImageRecord* Store::find_by_reference(std::string_view name) const {
  auto reference = spec::parse_reference(name);
  if (!reference) return nullptr;
  const std::string full = reference->normalised();
  const std::string repository = reference->registry + "/" + reference->repository;
  for (const Entry& entry : index_) {
    if (entry.reference == full) return image_of(entry.manifest);
    if (reference->digest == entry.manifest.digest && repository_of(entry.reference) == repository)
      return image_of(entry.manifest);
  }
  return nullptr;
}

Result<const ImageRecord*> Store::find_by_id(std::string_view name) const {
  constexpr std::string_view kAlgorithm = "sha256:";
  const std::string_view prefix =
      name.starts_with(kAlgorithm) ? name.substr(kAlgorithm.size()) : name;
  if (prefix.size() < kMinPrefixDigits) return no_such_image(name);
  std::vector<const ImageRecord*> found;
  for (const ImageRecord& image : images_)
    if (image.id.starts_with(prefix)) found.push_back(&image);
  if (found.size() == 1) return found.front();
  if (found.empty()) return no_such_image(name);
  std::vector<std::string> candidates;
  for (const ImageRecord* image : found)
    if (candidates.size() < kMaxCandidates) candidates.push_back(short_id(image->id));
  return Error(ErrorCode::InvalidArgument,
               strf("the image ID prefix '%s' is ambiguous: %s%s", std::string(name).c_str(),
                    join(candidates, ", ").c_str(), found.size() > kMaxCandidates ? ", ..." : ""));
}

Result<const ImageRecord*> Store::find(std::string_view name) const {
  if (const ImageRecord* image = find_by_reference(name)) return image;
  return find_by_id(name);
}

Result<std::vector<std::string>> Store::layer_paths(const ImageRecord& image) const {
  if (!image.broken.empty())
    return Error(ErrorCode::Corrupt, "image " + short_id(image.id) + " is broken: " + image.broken +
                                         "; load or pull it again, or remove it with: ambit rmi " +
                                         short_id(image.id));
  std::vector<std::string> paths;
  for (auto layer = image.layers.rbegin(); layer != image.layers.rend(); ++layer)
    paths.push_back(path_ + "/" + kLayersDir + "/" + layer->chain_id + "/" + kLayerTree);
  return paths;
}

Result<std::string> Store::read_config_blob(const ImageRecord& image) const {
  if (!spec::is_sha256_digest(image.config_blob.digest))
    return Error(ErrorCode::Corrupt, "image " + short_id(image.id) + ": " + image.broken);
  return os::read_file_at(blobs_fd_.get(), spec::digest_hex(image.config_blob.digest),
                          kMaxConfigBytes)
      .context("configuration of image " + short_id(image.id));
}

}  // namespace ambit::image
