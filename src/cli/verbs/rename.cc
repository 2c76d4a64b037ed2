#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

Result<void> rename(const std::string& old_name, const std::string& new_name) {
  Client client = AMBIT_TRY(Client::connect());
  const std::string path = AMBIT_TRY(client.find_container(old_name));
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "Rename"));
  AMBIT_TRY(call.append(new_name));
  (void)AMBIT_TRY(client.call(call));
  return {};
}

}  // namespace

int verb_rename(int argc, char** argv) {
  Parser parser(
      "rename", "CONTAINER NAME",
      "Gives a container another name. One that runs keeps its unit's name until it ends.");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() != 2)
    return parser.usage_error("a container and its new name are needed");

  const Result<void> renamed = rename(parser.arguments()[0], parser.arguments()[1]);
  if (renamed) return 0;
  print_error(renamed.error());
  return exit_code(renamed.error().code());
}

}  // namespace ambit::cli
