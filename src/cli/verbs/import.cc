#include "cli/change.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/source_file.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

struct ImportFlags {
  std::vector<std::string> changes;
};

Result<std::string> import(const ImportFlags& flags, const std::string& source,
                           const std::string& reference) {
  ImageChanges changes;
  for (const std::string& text : flags.changes) AMBIT_TRY(apply_change(text, changes));
  bus::OptionWriter options = change_options(changes);
  UniqueFd archive = AMBIT_TRY(open_source(source));
  Client client = AMBIT_TRY(Client::connect());
  bus::Message call = AMBIT_TRY(client.new_manager_call("ImportImage"));
  AMBIT_TRY(call.append(archive, reference));
  AMBIT_TRY(options.append_dict(call));
  archive.reset();
  bus::Message answer = AMBIT_TRY(client.call(call).context("importing " + source));
  return id_of_path(AMBIT_TRY(answer.read<bus::ObjectPath>()).value);
}

}  // namespace

int verb_import(int argc, char** argv) {
  Parser parser("import", "FILE|- [NAME]",
                "Makes an image of one layer from the tar of a root file system, plain or "
                "compressed, and prints its ID.");
  ImportFlags flags;
  parser.list("-c,--change", flags.changes, "INSTRUCTION",
              "CMD, ENTRYPOINT, ENV, WORKDIR, USER, STOPSIGNAL or LABEL, as in a Containerfile");
  if (const auto code = parser.parse(argc, argv)) return *code;
  const auto& arguments = parser.arguments();
  if (arguments.empty() || arguments.size() > 2)
    return parser.usage_error("a file, and perhaps a name");

  const Result<std::string> id =
      import(flags, arguments[0], arguments.size() == 2 ? arguments[1] : "");
  if (!id) {
    print_error(id.error());
    return exit_code(id.error().code());
  }
  print(*id + "\n");
  return 0;
}

}  // namespace ambit::cli
