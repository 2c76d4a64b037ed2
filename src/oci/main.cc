#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iterator>

#include "base/strings.h"
#include "oci/commands.h"
#include "oci/own_program.h"

// ambit-oci [OPTION...] COMMAND [OPTION...] [ARGUMENT...]: see docs/ambit-oci.1.
namespace {

using namespace ambit;
using namespace ambit::oci;

enum class Enters { No, Yes };  // whether processes of the container may come to see our program

struct NamedCommand {
  const char* name;
  Command run;
  Enters enters;
  int failure;  // exit status where the command itself fails
  const char* help;
};

constexpr NamedCommand kCommands[] = {
    {"checkpoint", run_checkpoint, Enters::No, 1, "unsupported"},
    {"create", run_create, Enters::Yes, 1, "make a container; its process waits for start"},
    {"delete", run_delete, Enters::No, 1, "remove what is left of a container"},
    {"events", run_events, Enters::No, 1, "print what a container uses, every few seconds"},
    {"exec", run_exec, Enters::Yes, 255, "run a further command in a container"},
    {"features", run_features, Enters::No, 1, "print what this runtime can do, as JSON"},
    {"kill", run_kill, Enters::No, 1, "send a signal to a container's first process"},
    {"list", run_list, Enters::No, 1, "list the containers"},
    {"pause", run_pause, Enters::No, 1, "freeze all processes of a container"},
    {"ps", run_ps, Enters::No, 1, "list the processes of a container"},
    {"restore", run_checkpoint, Enters::No, 1, "unsupported"},
    {"resume", run_resume, Enters::No, 1, "let a frozen container go on"},
    {"run", run_run, Enters::Yes, 1, "create and start a container, and wait for its end"},
    {"spec", run_spec, Enters::No, 1, "write a config.json to start from"},
    {"start", run_start, Enters::No, 1, "run the command of a container that was created"},
    {"state", run_state, Enters::No, 1, "print the state of a container, as JSON"},
    {"update", run_update, Enters::No, 1, "change the limits of a container"},
};

void print_help() {
  std::puts(
      "Usage: ambit-oci [OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n\n"
      "Runs containers from bundles, as the OCI runtime specification says.\n\n"
      "  --root FOLDER             where the states of containers are kept\n"
      "  --log FILE                append errors to this file as well\n"
      "  --log-format text|json    how\n"
      "  --systemd-cgroup          make a scope of the systemd manager for each container\n"
      "  --debug                   tell what is done\n"
      "  --rootless true|false|auto\n"
      "                            taken for the sake of other runtimes' callers\n"
      "  --version, --help\n\n"
      "Commands:");
  for (const NamedCommand& command : kCommands)
    std::printf("  %-12s %s\n", command.name, command.help);
}

struct Globals {
  Context context;
  bool shows_version = false;
  bool shows_help = false;
  bool uses_systemd = false;
  std::string rootless;
  Options options;

  Globals() {
    options.text("root", 0, context.root)
        .text("log", 0, context.log.path)
        .value("log-format", 0, [this](const std::string& text) { return set_format(text); })
        .value("cgroup-manager", 0, [this](const std::string& text) { return set_manager(text); })
        .flag("systemd-cgroup", 0, uses_systemd)
        .text("rootless", 0, rootless)
        .flag("debug", 0, context.log.is_debugging)
        .flag("version", 'v', shows_version)
        .flag("help", 'h', shows_help);
  }

  Result<void> set_format(const std::string& text) {
    if (text != "text" && text != "json")
      return Error(ErrorCode::InvalidArgument, "--log-format=" + text + ": text or json is wanted");
    context.log.format = text == "json" ? LogFormat::Json : LogFormat::Text;
    return {};
  }

  Result<void> set_manager(const std::string& text) {
    if (text != "systemd" && text != "cgroupfs")
      return Error(ErrorCode::InvalidArgument,
                   "--cgroup-manager=" + text + ": systemd or cgroupfs is wanted");
    uses_systemd = text == "systemd";
    return {};
  }
};

const NamedCommand* find_command(const std::string& name) {
  for (const NamedCommand& command : kCommands)
    if (name == command.name) return &command;
  return nullptr;
}

// Of `exec`, 1 is the command's own.
int fail(const Globals& globals, const Error& error, int status) {
  write_log(globals.context.log, LogLevel::Error, describe_failure(error));
  return status;
}

int run_named(Globals& globals, const NamedCommand& command, Arguments arguments, char** argv) {
  if (command.enters == Enters::Yes)
    if (const auto copied = run_from_own_copy(argv); !copied)
      return fail(globals, copied.error(), command.failure);
  arguments.erase(arguments.begin());
  if (globals.uses_systemd) globals.context.manager = CgroupManager::Systemd;
  write_log(globals.context.log, LogLevel::Debug, std::string("command ") + command.name);
  const auto status = command.run(globals.context, arguments);
  if (!status) return fail(globals, status.error(), command.failure);
  write_log(globals.context.log, LogLevel::Debug, strf("exit status %d", *status));
  return *status;
}

// A command's own "--help" lists what it takes.
bool asks_for_help(const Arguments& arguments) {
  return arguments.size() == 2 && (arguments[1] == "--help" || arguments[1] == "-h");
}

int run(Globals& globals, const Arguments& arguments, char** argv) {
  if (globals.shows_version) {
    std::puts("ambit-oci version " AMBIT_VERSION "\nspec: 1.2.0");
    return 0;
  }
  if (globals.shows_help || arguments.empty()) {
    print_help();
    return globals.shows_help ? 0 : 1;
  }
  const NamedCommand* command = find_command(arguments.front());
  if (command == nullptr)
    return fail(globals,
                Error(ErrorCode::InvalidArgument,
                      "no such command: " + arguments.front() + "; see ambit-oci --help"),
                1);
  if (asks_for_help(arguments)) {
    std::printf("ambit-oci %s: %s. Its options: man ambit-oci\n", command->name, command->help);
    return 0;
  }
  return run_named(globals, *command, arguments, argv);
}

}  // namespace

int main(int argc, char** argv) {
  Globals globals;
  const auto arguments =
      globals.options.parse(Arguments(argv + 1, argv + argc), Order::OptionsFirst);
  if (!arguments) return fail(globals, arguments.error(), 1);
  return run(globals, *arguments, argv);
}
