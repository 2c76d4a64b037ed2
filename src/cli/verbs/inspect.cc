#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

enum class Kind { Any, Container, Image };

Result<Kind> parse_kind(const std::optional<std::string>& text) {
  if (!text || *text == "all") return Kind::Any;
  if (*text == "container") return Kind::Container;
  if (*text == "image") return Kind::Image;
  return Error(ErrorCode::InvalidArgument, "--type '" + *text + "': it is container or image");
}

Result<bus::Message> inspect_call(Client& client, Kind kind, const std::string& name) {
  if (kind != Kind::Image) {
    const auto container = client.find_container(name);
    if (container) return client.new_container_call(*container, "Inspect");
    if (kind == Kind::Container || container.error().code() != ErrorCode::NoSuchContainer)
      return container.error();
  }
  const auto image = client.find_image(name);
  if (image) return client.new_image_call(*image, "Inspect");
  if (kind == Kind::Any && (image.error().code() == ErrorCode::NoSuchImage ||
                            image.error().code() == ErrorCode::InvalidReference))
    return Error(ErrorCode::NoSuchContainer, "there is no container and no image '" + name + "'");
  return image.error();
}

Result<Json> inspect(Client& client, Kind kind, const std::string& name) {
  bus::Message call = AMBIT_TRY(inspect_call(client, kind, name));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  return parse_json(AMBIT_TRY(answer.read<std::string>()));
}

}  // namespace

int verb_inspect(int argc, char** argv) {
  Parser parser("inspect", "CONTAINER|IMAGE...",
                "Shows everything about containers and images: a JSON list.");
  std::optional<std::string> type, format;
  parser.value("--type", type, "TYPE", "container or image; default: whichever there is");
  parser.value("-f,--format", format, "FORMAT", "json (default)");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("what?");
  if (format && *format != "json" && *format != "{{json .}}")
    return parser.usage_error("--format '" + *format + "': it is json; pick members with jq");

  const auto kind = parse_kind(type);
  auto client = kind ? Client::connect() : Result<Client>(kind.error());
  if (!client) {
    print_error(client.error());
    return kExitFailure;
  }
  Json list = Json::array();
  int result = 0;
  for (const std::string& name : parser.arguments()) {
    auto json = inspect(*client, *kind, name);
    if (json) {
      list.push_back(*std::move(json));
    } else {
      print_error(json.error());
      result = kExitFailure;
    }
  }
  print(show_json(list));
  return result;
}

}  // namespace ambit::cli
