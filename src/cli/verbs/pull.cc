#include "cli/pull.h"

#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {

int verb_pull(int argc, char** argv) {
  Parser parser("pull", "IMAGE...",
                "Fetches images from their registries and prints their IDs. Layers that are here "
                "already are not fetched; what is interrupted goes on where it was.");
  PullFlags flags;
  parser.value("--platform", flags.platform, "[linux/]ARCH[/VARIANT]", "instead of this machine's");
  parser.value("--foreign-ids", flags.foreign_ids, "refuse|squash",
               "files of owners that you have no IDs for: refused, or made root's");
  parser.flag("-q,--quiet", flags.quiet, "only the IDs");
  add_registry_flags(parser, flags);
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("which image?");

  auto client = Client::connect();
  if (!client) {
    print_error(client.error());
    return exit_code(client.error().code());
  }
  int code = 0;
  for (const std::string& image : parser.arguments()) {
    const Result<std::string> id = pull(*client, image, flags);
    if (id) {
      print(*id + "\n");
      continue;
    }
    print_error(id.error());
    code = exit_code(id.error().code());
  }
  return code;
}

}  // namespace ambit::cli
