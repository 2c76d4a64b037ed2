#include <unistd.h>

#include <vector>

#include "cli/client.h"
#include "cli/create_flags.h"
#include "cli/environment.h"
#include "cli/exit_codes.h"
#include "cli/foreground.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

struct ExecFlags {
  bool interactive = false;
  bool terminal = false;
  bool detach = false;
  std::vector<std::string> environment, environment_files;
  std::optional<std::string> workdir, user;
};

Result<bus::OptionWriter> exec_options(const ExecFlags& flags) {
  bus::OptionWriter options;
  std::vector<std::string> environment;
  for (const std::string& path : flags.environment_files)
    AMBIT_TRY(add_environment_file(path, environment).context("--env-file"));
  for (const std::string& text : flags.environment)
    AMBIT_TRY(add_environment(text, environment).context("--env"));
  AMBIT_TRY(check_text("environment variable", environment));
  if (!environment.empty()) options.set("Environment", std::move(environment));
  if (flags.workdir) options.set("WorkingDirectory", *flags.workdir);
  if (flags.user) options.set("User", *flags.user);
  return options;
}

Result<int> exec(const ExecFlags& flags, const std::vector<std::string>& arguments) {
  if (flags.terminal)
    return Error(ErrorCode::Unsupported,
                 "exec -t: a terminal for a further command is not supported yet; leave out -t");
  const std::vector<std::string> command(arguments.begin() + 1, arguments.end());
  AMBIT_TRY(check_text("argument", command));
  bus::OptionWriter options = AMBIT_TRY(exec_options(flags));
  Client client = AMBIT_TRY(Client::connect());
  const std::string path = AMBIT_TRY(client.find_container(arguments.front()));
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "Exec"));
  AMBIT_TRY(call.append(command));
  if (flags.detach) {
    AMBIT_TRY(options.append_dict(call));
    bus::Message answer = AMBIT_TRY(client.call(call));
    print(id_of_path(AMBIT_TRY(answer.read<bus::ObjectPath>()).value) + "\n");
    return 0;
  }
  Streams streams = AMBIT_TRY(Streams::make({.input = flags.interactive}, options));
  AMBIT_TRY(options.append_dict(call));
  options = bus::OptionWriter();  // closes the far ends of the streams
  auto foreground =
      AMBIT_TRY(Foreground::create(client, {.kind = Foreground::Kind::ExecSession,
                                            .output_gone = Foreground::OutputGone::StopIt,
                                            .name = "the command in " + arguments.front()}));
  return foreground->start(std::move(call), "", std::move(streams));
}

}  // namespace

int verb_exec(int argc, char** argv) {
  Parser parser("exec", "CONTAINER COMMAND [ARGUMENT...]",
                "Runs a further command in a running container and ends with its exit code.",
                Positionals::CommandFollows);
  ExecFlags flags;
  parser.flag("-i,--interactive", flags.interactive, "connect standard input");
  parser.flag("-t,--tty", flags.terminal, "not supported yet");
  parser.flag("-d,--detach", flags.detach, "leave it in the background and print its ID");
  parser.list("-e,--env", flags.environment, "KEY[=VALUE]",
              "set a variable; KEY alone takes the caller's value");
  parser.list("--env-file", flags.environment_files, "FILE", "read variables from a file");
  parser.value("-w,--workdir", flags.workdir, "DIR", "folder the command starts in");
  parser.value("-u,--user", flags.user, "USER[:GROUP]", "names or numbers of the image");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() < 2)
    return parser.usage_error("a container and a command are needed");

  const Result<int> code = exec(flags, parser.arguments());
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace ambit::cli
