#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "base/strings.h"

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
  bool privileged = false;
  std::vector<std::string> environment, environment_files;
  std::optional<std::string> workdir, user, preserved_fds, detach_keys;
};

// Ours from 3 on, so many as were asked for.
Result<std::vector<UniqueFd>> preserved_fds(const std::string& count_text) {
  const std::uint64_t count = AMBIT_TRY(parse_uint(count_text).context("--preserve-fds"));
  std::vector<UniqueFd> fds;
  for (std::uint64_t i = 0; i < count; ++i) {
    const int number = STDERR_FILENO + 1 + static_cast<int>(i);
    fds.emplace_back(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    if (!fds.back())
      return Error::from_errno(errno,
                               strf("--preserve-fds %s: descriptor %d", count_text.c_str(), number))
          .with_code(ErrorCode::InvalidArgument);
  }
  return fds;
}

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
  if (flags.terminal) options.set("Terminal", true);
  if (flags.privileged) options.set("Privileged", true);
  if (flags.preserved_fds)
    options.set("PreservedFds", AMBIT_TRY(preserved_fds(*flags.preserved_fds)));
  return options;
}

Result<int> exec(const ExecFlags& flags, const std::vector<std::string>& arguments) {
  DetachKeys keys = AMBIT_TRY(
      DetachKeys::parse(flags.detach_keys.value_or(kDefaultDetachKeys)).context("--detach-keys"));
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
  Streams streams =
      AMBIT_TRY(Streams::make({.terminal = flags.terminal, .input = flags.interactive}, options));
  AMBIT_TRY(options.append_dict(call));
  options = bus::OptionWriter();  // closes the far ends of the streams
  auto foreground =
      AMBIT_TRY(Foreground::create(client, {.kind = Foreground::Kind::ExecSession,
                                            .output_gone = Foreground::OutputGone::StopIt,
                                            .detach_keys = std::move(keys),
                                            .read_input = flags.terminal && flags.interactive,
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
  parser.flag("-t,--tty", flags.terminal, "give the command a terminal");
  parser.flag("-d,--detach", flags.detach, "leave it in the background and print its ID");
  parser.list("-e,--env", flags.environment, "KEY[=VALUE]",
              "set a variable; KEY alone takes the caller's value");
  parser.list("--env-file", flags.environment_files, "FILE", "read variables from a file");
  parser.value("-w,--workdir", flags.workdir, "DIR", "folder the command starts in");
  parser.value("-u,--user", flags.user, "USER[:GROUP]", "names or numbers of the image");
  parser.flag("--privileged", flags.privileged,
              "all capabilities of the container's user namespace, no system call filter");
  parser.value("--preserve-fds", flags.preserved_fds, "N",
               "pass on N descriptors of the caller, from 3 on");
  parser.value("--detach-keys", flags.detach_keys, "KEYS", kDetachKeysHelp);
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() < 2)
    return parser.usage_error("a container and a command are needed");

  const Result<int> code = exec(flags, parser.arguments());
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace ambit::cli
