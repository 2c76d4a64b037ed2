#include "image/record.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "spec/image_config_json.h"
#include "spec/json_reader.h"
#include "spec/reference.h"

namespace ambit::image {
namespace {

using nlohmann::json;
using spec::JsonReader;

json to_json(const Descriptor& blob) {
  return {{"mediaType", blob.media_type}, {"digest", blob.digest}, {"size", blob.size_bytes}};
}

Descriptor read_descriptor(JsonReader& read, const json& object) {
  return {.media_type = read.string(object, "mediaType"),
          .digest = read.digest(object, "digest"),
          .size_bytes = read.size(object, "size")};
}

json to_json(const Layer& layer) {
  return {{"blob", to_json(layer.blob)},
          {"diffId", layer.diff_id},
          {"chainId", layer.chain_id},
          {"unpackedBytes", layer.unpacked_bytes}};
}

// The chain ID becomes the name of a folder.
Layer read_layer(JsonReader& read, const json& object) {
  Layer layer;
  layer.blob = read_descriptor(read, read.member(object, "blob"));
  layer.diff_id = read.digest(object, "diffId");
  layer.chain_id = read.string(object, "chainId");
  layer.unpacked_bytes = read.size(object, "unpackedBytes");
  if (!spec::is_sha256_hex(layer.chain_id)) read.wrong("chainId");
  return layer;
}

}  // namespace

std::string write_image_record(const ImageRecord& record) {
  json layers = json::array();
  for (const Layer& layer : record.layers) layers.push_back(to_json(layer));
  const json object = {
      {"id", record.id},
      {"manifest", to_json(record.manifest)},
      {"configBlob", to_json(record.config_blob)},
      {"variant", record.variant},
      {"layers", std::move(layers)},
      {"sizeBytes", record.size_bytes},
      {"loadedUsec", record.loaded_usec},
      {"config", json::parse(spec::write_image_config(record.config))},
  };
  return object.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<ImageRecord> parse_image_record(std::string_view text) {
  JsonReader read("image record");
  const json object = AMBIT_TRY(read.parse(text));
  ImageRecord record;
  record.id = read.string(object, "id");
  if (!spec::is_sha256_hex(record.id)) read.wrong("id");
  record.manifest = read_descriptor(read, read.member(object, "manifest"));
  record.config_blob = read_descriptor(read, read.member(object, "configBlob"));
  record.variant = read.string(object, "variant");
  for (const json& layer : read.array(object, "layers"))
    record.layers.push_back(read_layer(read, layer));
  record.size_bytes = read.size(object, "sizeBytes");
  record.loaded_usec = read.number<std::int64_t>(object, "loadedUsec");
  AMBIT_TRY(read.check());
  record.config = AMBIT_TRY(spec::read_image_config(read.member(object, "config")));
  return record;
}

}  // namespace ambit::image
