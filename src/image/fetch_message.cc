#include "image/fetch_message.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "image/error_json.h"
#include "spec/json_reader.h"

namespace ambit::image {
namespace {

using nlohmann::json;

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string write_message(const FetchRequest& request) {
  return dump({{"id", request.id},
               {"kind", request.kind == FetchKind::Manifest ? "manifest" : "blob"},
               {"name", request.name},
               {"sizeBytes", request.size_bytes}});
}

std::string write_message(const FetchNote& note) {
  return dump({{"id", note.id}, {"type", "note"}, {"text", note.text}});
}

std::string write_message(const FetchEnd& end) {
  json object = {{"id", end.id}, {"type", "end"}, {"name", end.name}};
  if (end.error) object["error"] = error_json(*end.error);
  return dump(object);
}

Result<FetchRequest> parse_fetch_request(std::string_view message) {
  spec::JsonReader read("a request to ambit-fetch");
  const json object = AMBIT_TRY(read.parse(message));
  FetchRequest request{.id = read.size(object, "id"),
                       .name = read.string(object, "name"),
                       .size_bytes = read.size(object, "sizeBytes")};
  const std::string kind = read.string(object, "kind");
  if (kind != "manifest" && kind != "blob") read.wrong("kind");
  request.kind = kind == "manifest" ? FetchKind::Manifest : FetchKind::Blob;
  AMBIT_TRY(read.check());
  return request;
}

Result<FetchAnswer> parse_fetch_answer(std::string_view message) {
  spec::JsonReader read("ambit-fetch's answer");
  const json object = AMBIT_TRY(read.parse(message));
  const std::uint64_t id = read.size(object, "id");
  const std::string type = read.string(object, "type");
  if (type == "note") {
    FetchNote note{.id = id, .text = read.string(object, "text")};
    AMBIT_TRY(read.check());
    return FetchAnswer(std::move(note));
  }
  if (type != "end") read.wrong("type");
  std::optional<Error> error = AMBIT_TRY(read_error(read, object));
  FetchEnd end{.id = id, .error = std::move(error), .name = read.string(object, "name")};
  AMBIT_TRY(read.check());
  return FetchAnswer(std::move(end));
}

}  // namespace ambit::image
