#include "image/manifest.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/strings.h"
#include "image/sha256.h"
#include "spec/json_reader.h"
#include "spec/reference.h"

namespace ambit::image {
namespace {

using nlohmann::json;
using spec::JsonReader;

constexpr std::string_view kDockerManifestType =
    "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kIndexType = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view kDockerListType =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view kDockerConfigType = "application/vnd.docker.container.image.v1+json";
constexpr std::size_t kMaxLayers = 1000;

// Media types of layers that are tars; what compression they have is told by their bytes.
constexpr std::array<std::string_view, 12> kLayerTypes = {
    kLayerType,
    kGzipLayerType,
    kZstdLayerType,
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.zstd",
};

Descriptor read_descriptor(JsonReader& read, const json& object) {
  return {.media_type = read.string(object, "mediaType"),
          .digest = read.digest(object, "digest"),
          .size_bytes = read.size(object, "size")};
}

json to_json(const Descriptor& blob) {
  return {{"mediaType", blob.media_type}, {"digest", blob.digest}, {"size", blob.size_bytes}};
}

Error not_an_image(const std::string& what) {
  return Error(ErrorCode::NotAnImage, "not a container image: " + what);
}

Result<void> check_types(const Manifest& manifest) {
  if (manifest.config.media_type != kConfigType && manifest.config.media_type != kDockerConfigType)
    return not_an_image("its configuration is of the type '" + manifest.config.media_type + "'");
  for (const Descriptor& layer : manifest.layers)
    if (std::find(kLayerTypes.begin(), kLayerTypes.end(), layer.media_type) == kLayerTypes.end())
      return not_an_image("a layer is of the type '" + layer.media_type + "'");
  if (manifest.layers.size() > kMaxLayers)
    return Error(ErrorCode::Corrupt, strf("image manifest: more than %zu layers", kMaxLayers));
  return {};
}

// buildx puts attestations beside the image, under a platform that doesn't exist.
bool may_be_image(const IndexEntry& entry) {
  if (entry.architecture == "unknown" || !entry.artifact_type.empty()) return false;
  return is_manifest_type(entry.blob.media_type) || is_index_type(entry.blob.media_type);
}

std::string describe(const IndexEntry& entry) {
  std::string text = entry.os + "/" + entry.architecture;
  if (!entry.variant.empty()) text += "/" + entry.variant;
  return text;
}

// "x86_64" as the kernel says it, "amd64" as Go does.
std::string kernel_architecture() {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kNames = {{
      {"x86_64", "amd64"},
      {"aarch64", "arm64"},
      {"armv7l", "arm"},
      {"armv6l", "arm"},
      {"i686", "386"},
      {"ppc64le", "ppc64le"},
      {"s390x", "s390x"},
      {"riscv64", "riscv64"},
      {"loongarch64", "loong64"},
  }};
  utsname names = {};
  if (::uname(&names) < 0) return "";
  for (const auto& [kernel, oci] : kNames)
    if (kernel == names.machine) return std::string(oci);
  return names.machine;
}

// Of the processor, as far as its architecture has variants that it may lack.
std::string highest_variant() {
#if defined(__x86_64__)
  // The levels of the x86-64 psABI, by what each adds that real processors differ in.
  const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
                  __builtin_cpu_supports("fma");
  const bool v4 = v3 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (v4) return "v4";
  if (v3) return "v3";
  return v2 ? "v2" : "v1";
#else
  utsname names = {};
  if (::uname(&names) < 0) return "";
  const std::string_view machine = names.machine;
  if (machine.starts_with("armv")) return "v" + std::string(machine.substr(4, 1));
  return "";
#endif
}

bool will_do(const std::string& variant, const Platform& platform) {
  if (!platform.variant.empty()) return variant == platform.variant;
  return platform.highest.empty() || variant <= platform.highest;
}

}  // namespace

bool is_manifest_type(std::string_view media_type) {
  return media_type == kManifestType || media_type == kDockerManifestType;
}

bool is_index_type(std::string_view media_type) {
  return media_type == kIndexType || media_type == kDockerListType;
}

Result<Manifest> parse_manifest(std::string_view text) {
  JsonReader read("image manifest");
  const json object = AMBIT_TRY(read.parse(text));
  if (read.size(object, "schemaVersion") == 1)
    return not_an_image(
        "a manifest of docker's old schema 1; save or push it anew with a tool of "
        "2017 or later");
  if (!object.contains("config") || !object.contains("layers"))
    return not_an_image("its manifest has no configuration or no layers");
  if (const std::string type = read.string(object, "artifactType"); !type.empty())
    return not_an_image("an artifact of the type '" + type + "'");
  Manifest manifest;
  manifest.media_type = read.string(object, "mediaType");
  if (manifest.media_type.empty()) manifest.media_type = kManifestType;
  manifest.config = read_descriptor(read, read.member(object, "config"));
  for (const json& layer : read.array(object, "layers"))
    manifest.layers.push_back(read_descriptor(read, layer));
  AMBIT_TRY(read.check());
  AMBIT_TRY(check_types(manifest));
  return manifest;
}

std::string write_manifest(const Manifest& manifest) {
  json layers = json::array();
  for (const Descriptor& layer : manifest.layers) layers.push_back(to_json(layer));
  const json object = {{"schemaVersion", 2},
                       {"mediaType", kManifestType},
                       {"config", to_json(manifest.config)},
                       {"layers", std::move(layers)}};
  return object.dump();
}

Platform host_platform(const std::string& architecture, const std::string& variant) {
  const std::string own = kernel_architecture();
  Platform platform{.architecture = architecture.empty() ? own : architecture, .variant = variant};
  if (platform.architecture == own) platform.highest = highest_variant();
  return platform;
}

Result<IndexEntry> choose_platform(const std::vector<IndexEntry>& entries,
                                   const Platform& platform) {
  const IndexEntry* best = nullptr;
  std::set<std::string> offered;
  for (const IndexEntry& entry : entries) {
    if (!may_be_image(entry)) continue;
    const bool nameless = entry.os.empty() && entry.architecture.empty();
    if (!nameless) offered.insert(describe(entry));
    if (!nameless && (entry.os != platform.os || entry.architecture != platform.architecture ||
                      !will_do(entry.variant, platform)))
      continue;
    const bool better = best == nullptr || (best->architecture.empty() && !nameless) ||
                        (!nameless && entry.variant > best->variant);
    if (better) best = &entry;
  }
  if (best != nullptr) return *best;
  if (offered.empty()) return not_an_image("the index names no image");
  return Error(ErrorCode::Unsupported,
               "there is no image for " + platform.os + "/" + platform.architecture +
                   (platform.variant.empty() ? "" : "/" + platform.variant) + ", only for " +
                   join(std::vector<std::string>(offered.begin(), offered.end()), ", "));
}

Result<std::vector<ArchivedImage>> parse_docker_archive(std::string_view text) {
  JsonReader read("manifest.json");
  // The document is a list; the reader takes objects.
  const json object = AMBIT_TRY(read.parse("{\"images\":" + std::string(text) + "}"));
  std::vector<ArchivedImage> images;
  for (const json& item : read.array(object, "images"))
    images.push_back({.config = read.string(item, "Config"),
                      .layers = read.list(item, "Layers"),
                      .references = read.list(item, "RepoTags")});
  AMBIT_TRY(read.check());
  if (images.empty()) return not_an_image("manifest.json lists none");
  return images;
}

std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids) {
  std::vector<std::string> chain;
  std::string last;
  for (const std::string& diff_id : diff_ids) {
    last = last.empty() ? diff_id : sha256(last + " " + diff_id);
    chain.push_back(spec::digest_hex(last));
  }
  return chain;
}

}  // namespace ambit::image
