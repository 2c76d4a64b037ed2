#include <fcntl.h>
#include <unistd.h>

#include "base/strings.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/human.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/source_file.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

// Prints what came in, by its names.
Result<void> tell_loaded(Client& client, const bus::ObjectPath& image) {
  const auto references = AMBIT_TRY(
      client.property<std::vector<std::string>>(image.value, kImageInterface, "References"));
  if (references.empty()) print("Loaded image: " + short_id(id_of_path(image.value)) + "\n");
  for (const std::string& reference : references)
    print("Loaded image: " + short_reference(reference) + "\n");
  return {};
}

Result<void> load(const std::string& source, const std::optional<std::string>& name,
                  const bool& quiet) {
  UniqueFd archive = AMBIT_TRY(open_source(source));
  Client client = AMBIT_TRY(Client::connect());
  bus::OptionWriter options;
  if (name) options.set("Reference", *name);
  bus::Message call = AMBIT_TRY(client.new_manager_call("LoadImage"));
  AMBIT_TRY(call.append(archive));
  AMBIT_TRY(options.append_dict(call));
  archive.reset();
  bus::Message answer = AMBIT_TRY(client.call(call).context("loading " + source));
  for (const auto& image : AMBIT_TRY(answer.read<std::vector<bus::ObjectPath>>()))
    if (!quiet) AMBIT_TRY(tell_loaded(client, image));
  return {};
}

}  // namespace

int verb_load(int argc, char** argv) {
  Parser parser("load", "[FILE|DIR|-]",
                "Takes images from an OCI archive or docker archive (plain or compressed), or from "
                "the folder of an OCI layout. Without a file: from standard input.");
  std::optional<std::string> input, name;
  bool quiet = false;
  parser.value("-i,--input", input, "FILE|DIR|-", "where to read");
  parser.value("-n,--name", name, "NAME", "for an image that has no name, or only a tag");
  parser.flag("-q,--quiet", quiet, "don't say what was loaded");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() + (input ? 1 : 0) > 1)
    return parser.usage_error("one file at most");
  std::string source = "-";
  if (input) source = *input;
  if (!parser.arguments().empty()) source = parser.arguments().front();

  const Result<void> loaded = load(source, name, quiet);
  if (loaded) return 0;
  print_error(loaded.error());
  return exit_code(loaded.error().code());
}

}  // namespace ambit::cli
