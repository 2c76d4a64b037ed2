#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/activation.h"
#include "cli/boot_hint.h"
#include "cli/create_flags.h"
#include "cli/exit_codes.h"
#include "cli/foreground.h"
#include "cli/image_use.h"
#include "cli/linger.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/pod_flags.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

struct RunFlags {
  CreateFlags create;
  std::vector<std::string> attach;
  std::optional<std::string> detach_keys;
  bool detach = false;
  bool proxy_signals = true;
};

bool attaches(const RunFlags& flags, const char* stream) {
  return flags.attach.empty() ||
         std::find(flags.attach.begin(), flags.attach.end(), stream) != flags.attach.end();
}

Result<void> check(const RunFlags& flags) {
  if (flags.detach && !flags.attach.empty())
    return Error(ErrorCode::InvalidArgument, "--detach and --attach exclude each other");
  for (const std::string& stream : flags.attach)
    if (stream != "stdin" && stream != "stdout" && stream != "stderr")
      return Error(ErrorCode::InvalidArgument,
                   "--attach '" + stream + "': it is stdin, stdout or stderr");
  if (flags.create.terminal && flags.create.interactive && !flags.detach &&
      ::isatty(STDIN_FILENO) != 1)
    return Error(ErrorCode::InvalidArgument,
                 "the input device is not a TTY: leave out -t where standard input is a pipe or a "
                 "file");
  return check_cidfile(flags.create);
}

Result<int> run_detached(Client& client, const RunFlags& flags, bus::OptionWriter options,
                         const std::vector<std::string>& arguments) {
  if (flags.create.interactive) options.set("OpenStdin", true);
  bus::Message call = AMBIT_TRY(client.new_manager_call("RunContainer"));
  AMBIT_TRY(append_image_and_command(call, flags.create, arguments));
  AMBIT_TRY(options.append_dict(call));
  Result<bus::Message> answer = client.call(call);
  if (!answer) return std::move(answer).error();
  const auto path = AMBIT_TRY(answer->read<bus::ObjectPath>());
  const std::string id = id_of_path(path.value);
  AMBIT_TRY(write_cidfile(flags.create, id));
  print(id + "\n");
  warn_about_log(client, flags.create.log, path.value);
  warn_without_linger();
  warn_without_boot_start(client, flags.create);
  return 0;
}

Result<int> run_here(Client& client, const RunFlags& flags, bus::OptionWriter options,
                     const std::vector<std::string>& arguments) {
  std::optional<Error> missing;
  const bool raw_input =
      flags.create.terminal && flags.create.interactive && attaches(flags, "stdin");
  Streams streams =
      AMBIT_TRY(Streams::make({.terminal = flags.create.terminal,
                               .input = flags.create.interactive && attaches(flags, "stdin"),
                               .output = attaches(flags, "stdout"),
                               .errors = attaches(flags, "stderr")},
                              options));
  options.set("UntilReady", false);
  // With a terminal in raw mode the keys for signals go to the container as keys.
  const bool forward = flags.proxy_signals && !(raw_input && ::isatty(STDIN_FILENO) == 1);
  DetachKeys keys = AMBIT_TRY(
      DetachKeys::parse(flags.detach_keys.value_or(kDefaultDetachKeys)).context("--detach-keys"));
  Foreground::Options wishes{
      .signals = forward ? Foreground::Signals::Forward : Foreground::Signals::EndHere,
      .output_gone = Foreground::OutputGone::StopIt,
      .detach_keys = std::move(keys),
      .read_input = raw_input,
      .name = flags.create.name.value_or(""),
      .on_started =
          [&flags, &client](const std::string& path) {
            warn_about_log(client, flags.create.log, path);
            return write_cidfile(flags.create, id_of_path(path));
          },
      .on_missing_image = [&missing](Error error) { missing = std::move(error); }};
  auto foreground = AMBIT_TRY(Foreground::create(client, std::move(wishes)));
  bus::Message call = AMBIT_TRY(client.new_manager_call("RunContainer"));
  AMBIT_TRY(append_image_and_command(call, flags.create, arguments));
  AMBIT_TRY(options.append_dict(call));
  options = bus::OptionWriter();  // closes the far ends of the streams
  const int code = foreground->start(std::move(call), "", std::move(streams));
  if (missing) return *std::move(missing);
  return code;
}

Result<int> run(const RunFlags& flags, const std::vector<std::string>& arguments) {
  AMBIT_TRY(check(flags));
  const bus::OptionWriter wanted = AMBIT_TRY(create_options(flags.create));
  Client client = AMBIT_TRY(Client::connect());
  AMBIT_TRY(make_new_pod(client, flags.create.pod));
  return with_image<int>(client, flags.create, arguments.front(), [&]() -> Result<int> {
    bus::OptionWriter options = wanted;
    AMBIT_TRY(add_activation(options));
    return flags.detach ? run_detached(client, flags, std::move(options), arguments)
                        : run_here(client, flags, std::move(options), arguments);
  });
}

}  // namespace

int verb_run(int argc, char** argv) {
  Parser parser("run", "IMAGE [COMMAND [ARGUMENT...]]",
                "Creates a container and starts it. Ends with the command's exit code; 125: ambit "
                "failed, 126: the command can't be executed, 127: it was not found.",
                Positionals::CommandFollows);
  RunFlags flags;
  parser.flag("-d,--detach", flags.detach, "leave it in the background and print its ID");
  add_create_flags(parser, flags.create);
  parser.list("-a,--attach", flags.attach, "STREAM", "connect stdin, stdout, stderr; default: all");
  parser.flag("--sig-proxy", flags.proxy_signals, "forward signals (default; =false: don't)");
  parser.value("--detach-keys", flags.detach_keys, "KEYS", kDetachKeysHelp);
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("which image?");

  const Result<int> code = run(flags, parser.arguments());
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace ambit::cli
