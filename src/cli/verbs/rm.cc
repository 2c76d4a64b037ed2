#include <cstdint>

#include "cli/batch.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/time_text.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

struct RmFlags {
  bool force = false;
  bool all = false;
  bool volumes = false;
  std::optional<std::string> time;
};

Result<int> remove(const RmFlags& flags, std::vector<std::string> names) {
  std::optional<std::uint64_t> timeout;
  if (flags.time)
    timeout = static_cast<std::uint64_t>(AMBIT_TRY(parse_duration(*flags.time).context("--time")));
  Client client = AMBIT_TRY(Client::connect());
  if (flags.all) names = AMBIT_TRY(all_container_ids(client));
  return for_each_container(
      client, names,
      {.make_call = [&client, &flags, timeout](const std::string& path) -> Result<bus::Message> {
         bus::OptionWriter options;
         if (flags.force) options.set("Force", true);
         if (timeout) options.set("TimeoutUSec", *timeout);
         bus::Message call = AMBIT_TRY(client.new_container_call(path, "Remove"));
         AMBIT_TRY(options.append_dict(call));
         return call;
       },
       .code_of = removal_exit_code,
       // -f asks for it to be gone, and so it is.
       .ignore =
           [&flags](ErrorCode code) { return flags.force && code == ErrorCode::NoSuchContainer; },
       .repeat = Batch::Repeat::WhereAmbitdDied,
       .may_vanish = true});
}

}  // namespace

int verb_rm(int argc, char** argv) {
  Parser parser("rm", "CONTAINER...",
                "Removes containers. Ends with 1 where one does not exist, 2 where one runs.");
  RmFlags flags;
  parser.flag("-f,--force", flags.force, "kill those that run; don't mind those that don't exist");
  parser.value("-t,--time", flags.time, "SECONDS",
               "with --force: stop in this time instead of killing at once");
  parser.flag("-a,--all", flags.all, "every container");
  parser.flag("-v,--volumes", flags.volumes, "accepted: there are no anonymous volumes");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty() != flags.all)
    return parser.usage_error(flags.all ? "--all takes no names" : "which container?");
  if (flags.time && !flags.force) return parser.usage_error("--time needs --force");

  const Result<int> code = remove(flags, parser.arguments());
  if (code) return *code;
  print_error(code.error());
  return removal_exit_code(code.error().code());
}

}  // namespace ambit::cli
