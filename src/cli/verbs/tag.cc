#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

// tag and untag.
namespace ambit::cli {
namespace {

Result<void> call_for_each(const char* member, const std::string& image,
                           const std::vector<std::string>& references) {
  Client client = AMBIT_TRY(Client::connect());
  const std::string path = AMBIT_TRY(client.find_image(image));
  for (const std::string& reference : references) {
    bus::Message call = AMBIT_TRY(client.new_image_call(path, member));
    AMBIT_TRY(call.append(reference));
    (void)AMBIT_TRY(client.call(call));
  }
  return {};
}

int report(const Result<void>& result) {
  if (result) return 0;
  print_error(result.error());
  return exit_code(result.error().code());
}

}  // namespace

int verb_tag(int argc, char** argv) {
  Parser parser("tag", "IMAGE NAME...",
                "Gives an image further names; a name that another image had moves to this one.");
  if (const auto code = parser.parse(argc, argv)) return *code;
  const auto& arguments = parser.arguments();
  if (arguments.size() < 2) return parser.usage_error("an image and a name are needed");
  return report(call_for_each("Tag", arguments.front(), {arguments.begin() + 1, arguments.end()}));
}

int verb_untag(int argc, char** argv) {
  Parser parser(
      "untag", "IMAGE [NAME...]",
      "Takes names from an image; without NAME the one it was given by. The image stays.");
  if (const auto code = parser.parse(argc, argv)) return *code;
  const auto& arguments = parser.arguments();
  if (arguments.empty()) return parser.usage_error("which image?");
  const auto first = arguments.begin() + (arguments.size() == 1 ? 0 : 1);
  return report(call_for_each("Untag", arguments.front(), {first, arguments.end()}));
}

}  // namespace ambit::cli
