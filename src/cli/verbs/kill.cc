#include <cstdint>

#include "base/signals.h"
#include "cli/batch.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

Result<int> kill(const std::string& signal_text, bool all, std::vector<std::string> names) {
  const std::int32_t signal = AMBIT_TRY(parse_signal(signal_text).context("--signal"));
  Client client = AMBIT_TRY(Client::connect());
  if (all) names = AMBIT_TRY(all_container_ids(client, {"running", "paused", "stopping"}));
  return for_each_container(
      client, names,
      {.make_call = [&client, signal](const std::string& path) -> Result<bus::Message> {
        bus::Message call = AMBIT_TRY(client.new_container_call(path, "Kill"));
        AMBIT_TRY(call.append(signal));
        return call;
      }});
}

}  // namespace

int verb_kill(int argc, char** argv) {
  Parser parser("kill", "CONTAINER...",
                "Sends a signal to the containers' first process; KILL ends all of them.");
  std::optional<std::string> signal;
  bool all = false;
  parser.value("-s,--signal", signal, "SIGNAL", "name or number; default: KILL");
  parser.flag("-a,--all", all, "every running container");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty() != all)
    return parser.usage_error(all ? "--all takes no names" : "which container?");

  const Result<int> code = kill(signal.value_or("KILL"), all, parser.arguments());
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace ambit::cli
