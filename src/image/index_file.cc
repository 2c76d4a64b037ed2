#include "image/index_file.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "spec/json_reader.h"

namespace ambit::image {
namespace {

using nlohmann::json;
using spec::JsonReader;

constexpr char kRefName[] = "org.opencontainers.image.ref.name";
// The full name, where containerd and docker look for it.
constexpr char kContainerdName[] = "io.containerd.image.name";

IndexEntry read_entry(JsonReader& read, const json& object) {
  IndexEntry entry;
  entry.blob = {.media_type = read.string(object, "mediaType"),
                .digest = read.digest(object, "digest"),
                .size_bytes = read.size(object, "size")};
  const json& annotations = read.member(object, "annotations");
  entry.reference = read.string(annotations, kRefName);
  entry.full_name = read.string(annotations, kContainerdName);
  const json& platform = read.member(object, "platform");
  entry.architecture = read.string(platform, "architecture");
  entry.os = read.string(platform, "os");
  entry.variant = read.string(platform, "variant");
  entry.artifact_type = read.string(object, "artifactType");
  return entry;
}

json to_json(const IndexEntry& entry) {
  json object = {{"mediaType", entry.blob.media_type},
                 {"digest", entry.blob.digest},
                 {"size", entry.blob.size_bytes}};
  if (!entry.architecture.empty() && !entry.os.empty()) {
    object["platform"] = {{"architecture", entry.architecture}, {"os", entry.os}};
    if (!entry.variant.empty()) object["platform"]["variant"] = entry.variant;
  }
  if (!entry.reference.empty()) object["annotations"][kRefName] = entry.reference;
  if (!entry.full_name.empty()) object["annotations"][kContainerdName] = entry.full_name;
  return object;
}

}  // namespace

Result<std::vector<IndexEntry>> parse_index(std::string_view text) {
  JsonReader read("image index");
  const json object = AMBIT_TRY(read.parse(text));
  if (!object.contains("manifests"))
    return Error(ErrorCode::NotAnImage, "image index: it lists no manifests");
  std::vector<IndexEntry> entries;
  for (const json& item : read.array(object, "manifests"))
    entries.push_back(read_entry(read, item));
  AMBIT_TRY(read.check());
  return entries;
}

std::string write_index(const std::vector<IndexEntry>& entries) {
  json manifests = json::array();
  for (const IndexEntry& entry : entries) manifests.push_back(to_json(entry));
  const json object = {{"schemaVersion", 2},
                       {"mediaType", "application/vnd.oci.image.index.v1+json"},
                       {"manifests", std::move(manifests)}};
  return object.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace ambit::image
