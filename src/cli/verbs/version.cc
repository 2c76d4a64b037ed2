#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

Result<std::string> server_version() {
  Client client = AMBIT_TRY(Client::connect());
  return client.property<std::string>(kManagerPath, kManagerInterface, "Version");
}

}  // namespace

int verb_version(int argc, char** argv) {
  Parser parser("version", "", "Shows the versions of ambit and of the running ambitd.");
  std::optional<std::string> format_text;
  parser.value("--format", format_text, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;
  const auto format = parse_list_format(format_text);
  if (!format) return parser.usage_error(format.error().message());

  const auto server = server_version();
  if (*format == ListFormat::ForMachines)
    print(show_json({{"client", {{"version", AMBIT_VERSION}}},
                     {"server", server ? Json{{"version", *server}} : Json(nullptr)}}));
  else
    print("ambit   " AMBIT_VERSION "\n" + (server ? "ambitd  " + *server + "\n" : ""));
  if (server) return 0;
  print_error(server.error());
  return kExitFailure;
}

}  // namespace ambit::cli
