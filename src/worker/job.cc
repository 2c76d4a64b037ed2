#include "worker/job.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/strings.h"
#include "image/tar_stream.h"
#include "image/unpack.h"
#include "spec/image_config.h"
#include "spec/reference.h"

namespace ambit::worker {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{8} << 20;

std::int64_t now_usec() {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void note_losses(Job& job, const image::Losses& losses) {
  if (losses.devices > 0)
    job.result.notes.push_back(
        strf("%llu device nodes were left out: without root there can be none",
             static_cast<unsigned long long>(losses.devices)));
  if (losses.attributes > 0)
    job.result.notes.push_back(strf("%llu extended attributes were left out",
                                    static_cast<unsigned long long>(losses.attributes)));
}

Result<void> check_config(const Job& job, const spec::ImageConfig& config,
                          const image::Manifest& manifest) {
  if (config.diff_ids.size() != manifest.layers.size())
    return Error(ErrorCode::Corrupt, strf("the manifest has %zu layers, the configuration %zu",
                                          manifest.layers.size(), config.diff_ids.size()));
  const bool other_os = !config.os.empty() && config.os != job.platform.os;
  const bool other_architecture =
      !config.architecture.empty() && config.architecture != job.platform.architecture;
  if (other_os || other_architecture)
    return Error(ErrorCode::Unsupported, "there is no image for " + job.platform.os + "/" +
                                             job.platform.architecture + ", only for " + config.os +
                                             "/" + config.architecture);
  return {};
}

// The layers' trees, lowest first, as the next one's unpacking needs them.
class LayerStack {
 public:
  explicit LayerStack(Job& job) : job_(job) {}

  Result<image::Layer> add(const image::Descriptor& blob, const std::string& diff_id,
                           const std::string& chain_id, const Fetch& fetch) {
    image::Layer layer{.blob = blob, .diff_id = diff_id, .chain_id = chain_id};
    auto tree = AMBIT_TRY(job_.staging.find_layer(chain_id));
    if (tree || job_.growing == nullptr) AMBIT_TRY(fetch(blob));
    if (!tree) {
      const std::vector<int> lower(fds_.rbegin(), fds_.rend());
      const UnpackedLayer unpacked = AMBIT_TRY(unpack_blob(job_, blob, lower, diff_id));
      AMBIT_TRY(job_.staging.finish_layer(diff_id, chain_id, unpacked.bytes));
      tree = AMBIT_TRY(job_.staging.find_layer(chain_id));
      if (!tree) return Error(ErrorCode::Internal, "the unpacked layer is gone");
    }
    layer.unpacked_bytes = tree->unpacked_bytes;
    fds_.push_back(tree->fs.get());
    trees_.push_back(std::move(tree->fs));
    return layer;
  }

 private:
  Job& job_;
  std::vector<UniqueFd> trees_;
  std::vector<int> fds_;
};

Result<void> add_layers(Job& job, const image::Manifest& manifest, const Fetch& fetch,
                        image::ImageRecord& record) {
  const std::vector<std::string> chain = image::chain_ids(record.config.diff_ids);
  if (job.growing != nullptr) job.growing->expect(manifest.layers);
  LayerStack stack(job);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const image::Descriptor& blob = manifest.layers[i];
    image::Layer layer = AMBIT_TRY(stack.add(blob, record.config.diff_ids[i], chain[i], fetch)
                                       .context("layer " + blob.digest));
    record.size_bytes += layer.unpacked_bytes;
    record.layers.push_back(std::move(layer));
  }
  return {};
}

// "alpine-3.20" and "3.20": alpine.
std::string repository_from(const std::string& hint, const std::string& tag) {
  if (auto reference = spec::parse_reference(hint);
      reference && hint.find_first_of(":@") != std::string::npos)
    return reference->registry + "/" + reference->repository;
  std::string name;
  for (const char c : to_lower(hint)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    name += good || c == '/' ? c : '-';
  }
  if (name.ends_with("-" + tag) && name.size() > tag.size() + 1)
    name.erase(name.size() - tag.size() - 1);
  return name;
}

std::string normalised(const std::string& name) {
  auto reference = spec::parse_reference(name);
  return reference ? reference->normalised() : "";
}

// For an image that brings only a tag. A hint with a tag of its own is what its user wants.
std::string named_by_hint(const std::string& hint, const std::string& tag) {
  const std::size_t colon = hint.rfind(':');
  const bool has_tag = colon != std::string::npos && hint.find('/', colon) == std::string::npos;
  return normalised(has_tag ? hint : repository_from(hint, tag) + ":" + tag);
}

Result<UnpackedLayer> unpack_file(Job& job, int fd, const image::Descriptor& blob,
                                  const std::vector<int>& lower_fds,
                                  const std::string& expected_diff_id) {
  image::Sha256 plain_hash;
  image::PlainStream::Options options;
  options.plain_hash = &plain_hash;
  options.on_read = [&](std::uint64_t done) {
    job.report.progress({.stage = "unpacking",
                         .object = blob.digest,
                         .done_bytes = done,
                         .total_bytes = blob.size_bytes});
  };
  if (job.growing != nullptr)
    options.wait = [&](std::uint64_t position) { return job.growing->wait(blob, position); };
  auto stream = AMBIT_TRY(image::PlainStream::open(fd, options));
  auto tar = AMBIT_TRY(image::TarStream::open(stream));
  UniqueFd root = AMBIT_TRY(job.staging.new_layer());
  const image::Unpacked unpacked = AMBIT_TRY(image::unpack_layer(
      tar, root.get(), lower_fds, {.maps = &job.maps, .foreign_ids = job.foreign_ids}));
  AMBIT_TRY(stream.drain());
  const std::string diff_id = plain_hash.digest();
  if (!expected_diff_id.empty() && diff_id != expected_diff_id)
    return Error(ErrorCode::Corrupt, "its contents have the digest " + diff_id + ", not " +
                                         expected_diff_id + " as the configuration says");
  note_losses(job, unpacked.losses);
  return UnpackedLayer{.diff_id = diff_id, .bytes = unpacked.bytes};
}

}  // namespace

Result<UnpackedLayer> unpack_blob(Job& job, const image::Descriptor& blob,
                                  const std::vector<int>& lower_fds,
                                  const std::string& expected_diff_id) {
  if (job.growing == nullptr) {
    const UniqueFd file = AMBIT_TRY(job.staging.open_blob(blob.digest));
    return unpack_file(job, file.get(), blob, lower_fds, expected_diff_id);
  }
  const UniqueFd file = AMBIT_TRY(job.growing->open(blob));
  auto unpacked = unpack_file(job, file.get(), blob, lower_fds, expected_diff_id);
  // A blob that is damaged is the cause of whatever could not be unpacked of it.
  AMBIT_TRY(job.growing->finish(blob));
  return unpacked;
}

Result<void> add_image(Job& job, const image::Descriptor& manifest_blob,
                       const image::Manifest& manifest, const Fetch& fetch,
                       const std::vector<std::string>& references) {
  auto& images = job.result.images;
  const auto same = std::find_if(images.begin(), images.end(), [&](const auto& image) {
    return image.manifest.digest == manifest_blob.digest;
  });
  if (same != images.end()) {
    same->references.insert(same->references.end(), references.begin(), references.end());
    return {};
  }
  if (manifest.config.size_bytes > kMaxConfigBytes)
    return Error(ErrorCode::Corrupt, "the configuration " + manifest.config.digest +
                                         strf(" is longer than %zu bytes", kMaxConfigBytes));
  AMBIT_TRY(fetch(manifest.config).context("configuration"));
  image::ImageRecord record;
  const std::string text =
      AMBIT_TRY(job.staging.read_blob(manifest.config.digest, kMaxConfigBytes));
  record.config = AMBIT_TRY(spec::parse_image_config(text));
  AMBIT_TRY(check_config(job, record.config, manifest));
  record.id = spec::digest_hex(manifest.config.digest);
  record.references = references;
  record.manifest = manifest_blob;
  record.config_blob = manifest.config;
  record.loaded_usec = now_usec();
  AMBIT_TRY(add_layers(job, manifest, fetch, record));
  images.push_back(std::move(record));
  return {};
}

std::vector<std::string> references_of(const Job& job, const std::vector<std::string>& names) {
  std::vector<std::string> references;
  for (const std::string& name : names) {
    const bool lone_tag = !job.tag_hint.empty() && name.find_first_of("/:@") == std::string::npos;
    std::string reference = lone_tag ? named_by_hint(job.tag_hint, name) : normalised(name);
    if (!reference.empty()) references.push_back(std::move(reference));
  }
  if (!references.empty() || job.name_hint.empty()) return references;
  std::string reference = normalised(job.name_hint);
  if (reference.empty()) reference = normalised(repository_from(job.name_hint, ""));
  if (!reference.empty()) references.push_back(std::move(reference));
  return references;
}

}  // namespace ambit::worker
