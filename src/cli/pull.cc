#include "cli/pull.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/amounts.h"
#include "base/strings.h"
#include "bus/event_loop.h"
#include "cli/human.h"
#include "cli/output.h"
#include "cli/transfer_view.h"

namespace ambit::cli {
namespace {

constexpr char kTransferInterface[] = "org.ambit.Ambit1.Transfer";
constexpr std::size_t kUsualColumns = 80;

using Parts = std::vector<std::tuple<std::string, std::string, std::uint64_t, std::uint64_t>>;

// "linux/arm64/v8", "arm64/v8", "arm64".
Result<void> set_platform(bus::OptionWriter& options, const std::string& text) {
  std::vector<std::string> parts = split(text, '/');
  if (parts.front() == "linux" && parts.size() > 1) parts.erase(parts.begin());
  if (parts.size() > 2 || parts.front().empty() || parts.front() == "linux")
    return Error(ErrorCode::InvalidArgument,
                 "--platform '" + text + "': it is [linux/]ARCHITECTURE[/VARIANT]");
  options.set("Architecture", parts[0]);
  if (parts.size() == 2) options.set("Variant", parts[1]);
  return {};
}

Result<void> set_credentials(bus::OptionWriter& options, const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos)
    return Error(ErrorCode::InvalidArgument, "--creds: it is USER:PASSWORD");
  options.set("User", text.substr(0, colon));
  options.set("Password", text.substr(colon + 1));
  return {};
}

Result<void> set_verify(bus::OptionWriter& options, const std::string& text) {
  if (text != "true" && text != "false")
    return Error(ErrorCode::InvalidArgument, "--tls-verify '" + text + "': it is true or false");
  options.set("TlsVerify", text == "true");
  return {};
}

Result<void> set_retries(bus::OptionWriter& options, const PullFlags& flags) {
  if (flags.retries) {
    const std::uint64_t retries = AMBIT_TRY(parse_uint(*flags.retries).context("--retry"));
    options.set("Attempts", static_cast<std::uint32_t>(std::min<std::uint64_t>(retries, 1000) + 1));
  }
  if (flags.retry_delay) {
    const auto usec = AMBIT_TRY(parse_duration(*flags.retry_delay).context("--retry-delay"));
    options.set("RetryDelay", static_cast<std::uint64_t>(usec));
  }
  if (flags.idle_timeout) {
    const auto usec = AMBIT_TRY(parse_duration(*flags.idle_timeout).context("--idle-timeout"));
    options.set("IdleTimeout", static_cast<std::uint64_t>(usec));
  }
  return {};
}

// Of our environment, what a pull heeds (PullImage's Environment).
std::vector<std::string> pull_environment(const std::optional<std::string>& auth_file) {
  constexpr std::string_view kNames[] = {"CONTAINERS_REGISTRIES_CONF", "DOCKER_CONFIG",
                                         "REGISTRY_AUTH_FILE", "SSL_CERT_DIR", "SSL_CERT_FILE"};
  std::vector<std::string> passed;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view name =
        std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
    const bool is_proxy = to_lower(name).ends_with("_proxy");
    if (auth_file && name == "REGISTRY_AUTH_FILE") continue;
    if (is_proxy || std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames))
      passed.emplace_back(*entry);
  }
  if (auth_file) passed.push_back("REGISTRY_AUTH_FILE=" + *auth_file);
  return passed;
}

Result<bus::OptionWriter> pull_options(const PullFlags& flags) {
  bus::OptionWriter options;
  if (flags.platform) AMBIT_TRY(set_platform(options, *flags.platform));
  if (flags.credentials) AMBIT_TRY(set_credentials(options, *flags.credentials));
  if (flags.tls_verify) AMBIT_TRY(set_verify(options, *flags.tls_verify));
  AMBIT_TRY(set_retries(options, flags));
  if (flags.foreign_ids) options.set("ForeignIds", *flags.foreign_ids);
  options.set("Environment", pull_environment(flags.auth_file));
  return options;
}

std::size_t columns_of(int fd) {
  winsize size = {};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualColumns;
}

// Follows one transfer to its end.
class Follower {
 public:
  Follower(Client& client, bus::EventLoop& loop, bool quiet)
      : client_(client), loop_(loop), quiet_(quiet), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

  Result<void> begin(const std::string& path) {
    path_ = path;
    on_change_ = AMBIT_TRY(client_.bus().match({.sender = kService,
                                                .path = path,
                                                .interface = "org.freedesktop.DBus.Properties",
                                                .member = "PropertiesChanged"},
                                               [this](bus::Message& signal) { take(signal); }));
    bus::Message wait =
        AMBIT_TRY(client_.bus().new_call({kService, path, kTransferInterface, "Wait"}));
    waiting_ = AMBIT_TRY(client_.bus().call_async(
        wait, [this](Result<bus::Message> answer) { on_end(std::move(answer)); }, bus::kNoTimeout));
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM}) sigaddset(&set, signal);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) < 0) return Error::from_errno(errno, "sigprocmask");
    for (const int signal : {SIGINT, SIGTERM})
      signals_.push_back(
          AMBIT_TRY(loop_.on_signal(signal, [this, signal](const auto&) { cancel(signal); })));
    return {};
  }

  bool has_ended() const noexcept { return has_ended_; }
  Result<std::string> take_result() { return std::move(result_); }

 private:
  void take(bus::Message& signal) {
    if (quiet_) return;
    std::string interface;
    Parts parts;
    std::string note;
    auto read = signal.read<std::string>();
    if (!read || *read != kTransferInterface) return;
    const auto taken = bus::OptionReader()
                           .add("Parts", parts)
                           .add("Note", note)
                           .read(signal, bus::UnknownKeys::Skip);
    if (!taken) return;
    if (!note.empty()) tell(note);
    if (!parts.empty()) show(parts);
  }

  void show(const Parts& rows) {
    std::vector<TransferPart> parts;
    for (const auto& [digest, stage, done, total] : rows)
      parts.push_back({digest, stage, done, total});
    if (!is_terminal_) return write(view_.news(parts));
    write(back_to_the_top() +
          view_.bars(parts, columns_of(STDERR_FILENO), std::chrono::steady_clock::now()));
    lines_ = parts.size();
  }

  void tell(const std::string& note) {
    write(back_to_the_top() + printable(note) + "\n");
    lines_ = 0;
  }

  std::string back_to_the_top() const {
    return is_terminal_ && lines_ > 0 ? strf("\x1b[%zuA\x1b[J", lines_) : "";
  }

  static void write(const std::string& text) {
    if (!text.empty()) (void)!::write(STDERR_FILENO, text.data(), text.size());
  }

  // We end as a program does that was ended by the signal.
  void cancel(int signal) {
    auto call = client_.bus().new_call({kService, path_, kTransferInterface, "Cancel"});
    if (call && client_.bus().send(*call)) (void)client_.bus().flush();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    (void)std::signal(signal, SIG_DFL);
    (void)::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    (void)std::raise(signal);
  }

  void on_end(Result<bus::Message> answer) {
    has_ended_ = true;
    auto image = answer ? answer->read<bus::ObjectPath>() : std::move(answer).error();
    if (image)
      result_ = id_of_path(image->value);
    else
      result_ = std::move(image).error();
  }

  Client& client_;
  bus::EventLoop& loop_;
  bool quiet_;
  bool is_terminal_;
  std::string path_;
  TransferView view_;
  std::size_t lines_ = 0;  // that are on the terminal
  bus::Slot on_change_;
  bus::Slot waiting_;
  std::vector<bus::EventSource> signals_;
  bool has_ended_ = false;
  Result<std::string> result_{std::string()};
};

Result<std::string> follow(Client& client, const std::string& path, bool quiet) {
  bus::EventLoop loop = AMBIT_TRY(bus::EventLoop::create());
  AMBIT_TRY(client.bus().attach(loop));
  Follower follower(client, loop, quiet);
  AMBIT_TRY(follower.begin(path));
  // Not run(): its end would close the connection, which is still needed.
  while (!follower.has_ended()) (void)AMBIT_TRY(loop.run_once(std::chrono::microseconds(-1)));
  (void)sd_bus_detach_event(client.bus().get());
  return follower.take_result();
}

}  // namespace

void add_registry_flags(Parser& parser, PullFlags& flags) {
  parser.value("--tls-verify", flags.tls_verify, "BOOL",
               "false: certificates don't matter, and plain HTTP will do");
  parser.value("--creds", flags.credentials, "USER:PASSWORD", "instead of those of auth.json");
  parser.value("--authfile", flags.auth_file, "FILE", "where credentials are");
  parser.value("--retry", flags.retries, "N", "attempts after the first, of each request (4)");
  parser.value("--retry-delay", flags.retry_delay, "TIME",
               "before the second, then twice as long each (500ms)");
  parser.value("--idle-timeout", flags.idle_timeout, "TIME",
               "when a connection that brings nothing is given up (30s)");
}

Result<std::string> pull(Client& client, const std::string& reference, const PullFlags& flags) {
  bus::OptionWriter options = AMBIT_TRY(pull_options(flags));
  bus::Message call = AMBIT_TRY(client.new_manager_call("PullImage"));
  AMBIT_TRY(call.append(reference));
  AMBIT_TRY(options.append_dict(call));
  bus::Message answer = AMBIT_TRY(client.call(call));
  const auto path = AMBIT_TRY(answer.read<bus::ObjectPath>());
  return follow(client, path.value, flags.quiet);
}

Result<PullPolicy> parse_pull_policy(const std::string& text) {
  if (text == "missing") return PullPolicy::Missing;
  if (text == "always") return PullPolicy::Always;
  if (text == "newer") return PullPolicy::Newer;
  if (text == "never") return PullPolicy::Never;
  return Error(ErrorCode::InvalidArgument,
               "--pull '" + text + "': it is always, missing, newer or never");
}

}  // namespace ambit::cli
