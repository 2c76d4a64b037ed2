#include <unistd.h>

#include "cli/activation.h"
#include "cli/batch.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/foreground.h"
#include "cli/linger.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

struct StartFlags {
  bool attach = false;
  bool supervise = false;
  bool interactive = false;
  bool proxy_signals = true;
  std::optional<std::string> detach_keys;
};

Result<int> start_here(Client& client, const StartFlags& flags, const std::string& name) {
  const std::string path = AMBIT_TRY(client.find_container(name));
  const bool terminal = AMBIT_TRY(client.property<bool>(path, kContainerInterface, "Terminal"));
  bus::OptionWriter options;
  Streams streams =
      AMBIT_TRY(Streams::make({.terminal = terminal, .input = flags.interactive}, options));
  AMBIT_TRY(add_activation(options));
  options.set("UntilReady", false);
  const bool raw_input = terminal && flags.interactive;
  const bool forward = flags.proxy_signals && !(raw_input && ::isatty(STDIN_FILENO) == 1);
  DetachKeys keys = AMBIT_TRY(
      DetachKeys::parse(flags.detach_keys.value_or(kDefaultDetachKeys)).context("--detach-keys"));
  Foreground::Options wishes{
      .signals = forward ? Foreground::Signals::Forward : Foreground::Signals::EndHere,
      .output_gone = Foreground::OutputGone::Leave,
      .detach_keys = std::move(keys),
      .read_input = raw_input,
      .name = name};
  auto foreground = AMBIT_TRY(Foreground::create(client, std::move(wishes)));
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "Start"));
  AMBIT_TRY(options.append_dict(call));
  options = bus::OptionWriter();  // closes the far ends of the streams
  return foreground->start(std::move(call), path, std::move(streams));
}

// For a unit: it has none of the streams, which are in the container's own journal.
Result<int> supervise(Client& client, const std::string& name) {
  const std::string path = AMBIT_TRY(client.find_container(name));
  bus::OptionWriter options;
  AMBIT_TRY(add_activation(options));
  options.set("UntilReady", false);
  if (const std::string unit = own_service(); !unit.empty()) options.set("ServiceUnit", unit);
  auto foreground =
      AMBIT_TRY(Foreground::create(client, {.signals = Foreground::Signals::Stop,
                                            .if_running = Foreground::IfRunning::Follow,
                                            .ignore = ServiceNotice::Ignore::Never,
                                            .name = name}));
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "Start"));
  AMBIT_TRY(options.append_dict(call));
  options = bus::OptionWriter();  // closes the sockets
  const int code = foreground->start(std::move(call), path, {});
  return foreground->stopped_as_told() ? 0 : code;
}

int start_all(Client& client, const std::vector<std::string>& names) {
  return for_each_container(
      client, names,
      {.make_call = [&client](const std::string& path) -> Result<bus::Message> {
         bus::Message call = AMBIT_TRY(client.new_container_call(path, "Start"));
         AMBIT_TRY(bus::OptionWriter().append_dict(call));
         return call;
       },
       // Docker and podman are content with what runs already.
       .ignore = [](ErrorCode code) { return code == ErrorCode::AlreadyRunning; },
       .repeat = Batch::Repeat::WhereAmbitdDied});
}

Result<int> start(const StartFlags& flags, const std::vector<std::string>& names) {
  Client client = AMBIT_TRY(Client::connect());
  if (flags.supervise) return supervise(client, names.front());
  if (flags.attach || flags.interactive) return start_here(client, flags, names.front());
  const int code = start_all(client, names);
  warn_without_linger();
  return code;
}

}  // namespace

int verb_start(int argc, char** argv) {
  Parser parser("start", "CONTAINER...", "Starts containers that were created or have exited.");
  StartFlags flags;
  parser.flag("-a,--attach", flags.attach, "stay with it: show its output, end with its exit code");
  parser.flag("-i,--interactive", flags.interactive, "connect standard input too");
  parser.flag("--supervise", flags.supervise,
              "stay with it as a service does: tell the service manager when it is ready, stop it "
              "on SIGTERM, end with its exit code; for ambit@.service");
  parser.flag("--sig-proxy", flags.proxy_signals, "forward signals (default; =false: don't)");
  parser.value("--detach-keys", flags.detach_keys, "KEYS", kDetachKeysHelp);
  if (const auto code = parser.parse(argc, argv)) return *code;
  const auto& names = parser.arguments();
  if (names.empty()) return parser.usage_error("which container?");
  if ((flags.attach || flags.interactive || flags.supervise) && names.size() > 1)
    return parser.usage_error("only one container can be attached");
  if ((flags.attach || flags.interactive) && flags.supervise)
    return parser.usage_error("--supervise excludes --attach and --interactive");

  const Result<int> code = start(flags, names);
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace ambit::cli
