#include <nlohmann/json.hpp>

#include "image/error_json.h"
#include "image/worker_call.h"
#include "spec/json_reader.h"
#include "spec/reference.h"

namespace ambit::image {
namespace {

using nlohmann::json;
using spec::JsonReader;

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

// They become names in the index, by which people find and remove images.
std::vector<std::string> read_references(JsonReader& read, const json& object) {
  std::vector<std::string> references = read.list(object, "references");
  for (const std::string& text : references) {
    const auto reference = spec::parse_reference(text);
    if (!reference || (*reference).normalised() != text) read.wrong("references");
  }
  return references;
}

Result<WorkerResult> parse_result(JsonReader& read, const json& object) {
  WorkerResult result;
  result.error = AMBIT_TRY(read_error(read, object));
  result.notes = read.list(object, "notes");
  result.sizes_bytes = read.numbers<std::uint64_t>(object, "sizesBytes");
  for (const json& item : read.array(object, "images")) {
    ImageRecord image = AMBIT_TRY(parse_image_record(read.member(item, "record").dump()));
    image.references = read_references(read, item);
    result.images.push_back(std::move(image));
  }
  return result;
}

}  // namespace

std::string write_line(const Progress& progress) {
  return dump({{"type", "progress"},
               {"stage", progress.stage},
               {"object", progress.object},
               {"note", progress.note},
               {"doneBytes", progress.done_bytes},
               {"totalBytes", progress.total_bytes}});
}

std::string write_line(const WorkerResult& result) {
  json object = {{"type", "result"}, {"notes", result.notes}, {"sizesBytes", result.sizes_bytes}};
  if (result.error) object["error"] = error_json(*result.error);
  json images = json::array();
  for (const ImageRecord& image : result.images)
    images.push_back(
        {{"references", image.references}, {"record", json::parse(write_image_record(image))}});
  object["images"] = std::move(images);
  return dump(object);
}

Result<WorkerLine> parse_worker_line(std::string_view line) {
  JsonReader read("ambit-worker's output");
  const json object = AMBIT_TRY(read.parse(line));
  const std::string type = read.string(object, "type");
  if (type == "progress") {
    Progress progress{.stage = read.string(object, "stage"),
                      .object = read.string(object, "object"),
                      .note = read.string(object, "note"),
                      .done_bytes = read.size(object, "doneBytes"),
                      .total_bytes = read.size(object, "totalBytes")};
    AMBIT_TRY(read.check());
    return WorkerLine(std::move(progress));
  }
  if (type != "result") return Error(ErrorCode::Corrupt, "ambit-worker's output: unknown type");
  WorkerResult result = AMBIT_TRY(parse_result(read, object));
  AMBIT_TRY(read.check());
  return WorkerLine(std::move(result));
}

}  // namespace ambit::image
