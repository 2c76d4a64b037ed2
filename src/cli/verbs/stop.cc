#include <cstdint>
#include <string_view>

#include "cli/batch.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/time_text.h"
#include "cli/verbs.h"

// stop and restart: the same but for the method.
namespace ambit::cli {
namespace {

struct StopFlags {
  std::optional<std::string> time;
  bool all = false;
};

Result<std::uint64_t> timeout_usec(const StopFlags& flags) {
  // -1 is docker's way to say: as the container has it.
  if (!flags.time || *flags.time == "-1") return UINT64_MAX;
  return static_cast<std::uint64_t>(AMBIT_TRY(parse_duration(*flags.time).context("--time")));
}

Result<int> stop(const char* member, const StopFlags& flags, std::vector<std::string> names) {
  const std::uint64_t timeout = AMBIT_TRY(timeout_usec(flags));
  // A restart that was done must not be done again.
  const auto repeat =
      member == std::string_view("Stop") ? Batch::Repeat::WhereAmbitdDied : Batch::Repeat::Never;
  Client client = AMBIT_TRY(Client::connect());
  if (flags.all) names = AMBIT_TRY(all_container_ids(client, {"starting", "running", "stopping"}));
  return for_each_container(
      client, names,
      {.make_call = [&client, member, timeout](const std::string& path) -> Result<bus::Message> {
         bus::Message call = AMBIT_TRY(client.new_container_call(path, member));
         AMBIT_TRY(call.append(timeout));
         return call;
       },
       .repeat = repeat});
}

int run(const char* verb, const char* summary, const char* member, int argc, char** argv) {
  Parser parser(verb, "CONTAINER...", summary);
  StopFlags flags;
  parser.value("-t,--time", flags.time, "SECONDS",
               "time until it is killed; default: the container's own");
  parser.flag("-a,--all", flags.all, "every running container");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty() != flags.all)
    return parser.usage_error(flags.all ? "--all takes no names" : "which container?");

  const Result<int> code = stop(member, flags, parser.arguments());
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace

int verb_stop(int argc, char** argv) {
  return run("stop",
             "Sends the stop signal to the containers' first process; kills what is left when the "
             "time is up.",
             "Stop", argc, argv);
}

int verb_restart(int argc, char** argv) {
  return run("restart", "Stops containers and starts them again.", "Restart", argc, argv);
}

}  // namespace ambit::cli
