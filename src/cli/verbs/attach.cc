#include <unistd.h>

#include <vector>

#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/foreground.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"
#include "os/terminal.h"

namespace ambit::cli {
namespace {

struct AttachFlags {
  bool no_input = false;
  bool proxy_signals = true;
  std::optional<std::string> detach_keys;
};

// To that of our terminal. The monitor has the program draw its screen for each that attaches.
void send_size(Client& client, const std::string& path) {
  const auto size = os::terminal_size();
  if (!size) return;
  auto call = client.new_container_call(path, "ResizeTerminal");
  // One that does not arrive leaves the size that there was.
  if (call && call->append(size->rows, size->columns)) (void)client.bus().send(*call);
}

Result<Streams> call_attach(Client& client, const std::string& path, const StreamWishes& wishes) {
  bus::Message call = AMBIT_TRY(client.new_container_call(path, "Attach"));
  bus::OptionWriter options;
  if (!wishes.input && !wishes.terminal) options.set("Stdin", false);
  AMBIT_TRY(options.append_dict(call));
  bus::Message answer = AMBIT_TRY(client.call(call));
  return Streams::adopt(wishes, AMBIT_TRY(answer.read<std::vector<UniqueFd>>()));
}

// A container whose standard input nobody kept open can be watched all the same.
Result<Streams> connect(Client& client, const std::string& path, StreamWishes wishes) {
  auto streams = call_attach(client, path, wishes);
  if (streams || !wishes.input || wishes.terminal ||
      streams.error().code() != ErrorCode::NotRunning)
    return streams;
  wishes.input = false;
  return call_attach(client, path, wishes);
}

Result<int> attach(const AttachFlags& flags, const std::string& name) {
  Client client = AMBIT_TRY(Client::connect());
  const std::string path = AMBIT_TRY(client.find_container(name));
  const bool terminal = AMBIT_TRY(client.property<bool>(path, kContainerInterface, "Terminal"));
  const StreamWishes wishes{.terminal = terminal, .input = !flags.no_input};
  const bool raw_input = terminal && !flags.no_input;
  const bool forward = flags.proxy_signals && !(raw_input && ::isatty(STDIN_FILENO) == 1);
  DetachKeys keys = AMBIT_TRY(
      DetachKeys::parse(flags.detach_keys.value_or(kDefaultDetachKeys)).context("--detach-keys"));
  auto foreground = AMBIT_TRY(Foreground::create(
      client, {.signals = forward ? Foreground::Signals::Forward : Foreground::Signals::EndHere,
               .output_gone = Foreground::OutputGone::Leave,
               .detach_keys = std::move(keys),
               .read_input = raw_input,
               .name = name}));
  Streams streams = AMBIT_TRY(connect(client, path, wishes));
  if (terminal) send_size(client, path);
  return foreground->follow(path, std::move(streams));
}

}  // namespace

int verb_attach(int argc, char** argv) {
  Parser parser("attach", "CONTAINER",
                "Connects to a running container and ends with its exit code.");
  AttachFlags flags;
  parser.flag("--no-stdin", flags.no_input, "don't connect standard input");
  parser.flag("--sig-proxy", flags.proxy_signals, "forward signals (default; =false: don't)");
  parser.value("--detach-keys", flags.detach_keys, "KEYS", kDetachKeysHelp);
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() != 1) return parser.usage_error("which container?");

  const Result<int> code = attach(flags, parser.arguments().front());
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace ambit::cli
