#include <signal.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "cli/batch.h"
#include "cli/client.h"
#include "cli/container_row.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/time_text.h"
#include "cli/verbs.h"

// stop and restart: the same but for the method.
namespace ambit::cli {
namespace {

constexpr std::chrono::milliseconds kNoticed{900};  // a stop that people have to wait for

struct StopFlags {
  std::optional<std::string> time;
  bool all = false;
};

Result<std::uint64_t> timeout_usec(const StopFlags& flags) {
  // -1 is docker's way to say: as the container has it.
  if (!flags.time || *flags.time == "-1") return UINT64_MAX;
  return static_cast<std::uint64_t>(AMBIT_TRY(parse_duration(*flags.time).context("--time")));
}

// A first process without a handler for the stop signal ignores it, unlike any other process:
// people wonder why each stop takes ten seconds.
void explain_slow_stop(Client& client, const std::string& name) {
  constexpr std::int32_t kKilled = 128 + SIGKILL;
  const auto path = client.find_container(name);
  if (!path) return;
  const auto code = client.property<std::int32_t>(*path, kContainerInterface, "ExitCode");
  if (code && *code == kKilled)
    print_error(
        "%s did not end at its stop signal and was killed when the time was up; where its first "
        "process has no handler for the signal, create it with --init",
        name.c_str());
}

// Also those that their restart policy is about to start.
Result<std::vector<std::string>> running_ids(Client& client) {
  std::vector<std::string> ids;
  for (const ContainerRow& row : AMBIT_TRY(list_containers(client)))
    if (is_running(row)) ids.push_back(row.id);
  return ids;
}

Result<int> stop(const char* member, const StopFlags& flags, std::vector<std::string> names) {
  const std::uint64_t timeout = AMBIT_TRY(timeout_usec(flags));
  // A restart that was done must not be done again.
  const auto repeat =
      member == std::string_view("Stop") ? Batch::Repeat::WhereAmbitdDied : Batch::Repeat::Never;
  Client client = AMBIT_TRY(Client::connect());
  if (flags.all) names = AMBIT_TRY(running_ids(client));
  const auto begin = std::chrono::steady_clock::now();
  const bool explains = member == std::string_view("Stop") && timeout > 0;
  return for_each_container(
      client, names,
      {.make_call = [&client, member, timeout](const std::string& path) -> Result<bus::Message> {
         bus::Message call = AMBIT_TRY(client.new_container_call(path, member));
         AMBIT_TRY(call.append(timeout));
         return call;
       },
       .on_success =
           [&client, begin, explains](const std::string& name, const bus::Message&) {
             print(name + "\n");
             const auto took = std::chrono::steady_clock::now() - begin;
             if (explains && took > kNoticed) explain_slow_stop(client, name);
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
