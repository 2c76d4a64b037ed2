#include "cli/service_notice.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/strings.h"
#include "bus/options.h"
#include "cli/output.h"

namespace ambit::cli {
namespace {

constexpr char kProperties[] = "org.freedesktop.DBus.Properties";
// The service manager is to be more patient than everybody who ends the container.
constexpr std::uint64_t kStopSlackUsec = 10'000'000;

std::uint64_t with_slack(std::uint64_t usec) {
  return usec > UINT64_MAX - kStopSlackUsec ? UINT64_MAX : usec + kStopSlackUsec;
}

}  // namespace

bool has_service_manager() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

Result<void> ServiceNotice::follow(const std::string& path) {
  path_ = path;
  on_changed_ = AMBIT_TRY(client_.bus().match(
      {.sender = kService, .path = path, .interface = kProperties, .member = "PropertiesChanged"},
      [this](bus::Message& signal) {
        if (!signal.read<std::string>()) return;
        (void)take(signal);
      }));
  on_notified_ = AMBIT_TRY(client_.bus().match(
      {.sender = kService, .path = path, .interface = kContainerInterface, .member = "Notified"},
      [this](bus::Message& signal) {
        const auto text = signal.read<std::string>();
        if (text) tell(*text);
      }));
  return ask();
}

// What it was before we subscribed.
Result<void> ServiceNotice::ask() {
  bus::Message call = AMBIT_TRY(client_.bus().new_call(
      {.service = kService, .path = path_, .interface = kProperties, .member = "GetAll"}));
  AMBIT_TRY(call.append(std::string(kContainerInterface)));
  asked_ = AMBIT_TRY(client_.bus().call_async(call, [this](Result<bus::Message> answer) {
    const Result<void> taken = answer ? take(*answer) : std::move(answer).error();
    if (!taken) print_error(taken.error());
  }));
  return {};
}

Result<void> ServiceNotice::take(bus::Message& properties) {
  std::string state;
  std::string mode;
  std::optional<std::string> status;
  bool ready = false;
  AMBIT_TRY(bus::OptionReader()
                .add("State", state)
                .add("SdNotify", mode)
                .add("Ready", ready)
                .add("StatusText", status)
                .add("StopSignal", stop_signal_)
                .add("StopTimeoutUSec", stop_timeout_usec_)
                .read(properties, bus::UnknownKeys::Skip));
  if (mode == "ignore") is_silent_ = ignore_ == Ignore::AsContainerHasIt;
  // Who has no way to say that he lives is taken for alive as long as we watch him.
  if (!mode.empty() && mode != "container") AMBIT_TRY(loop_.enable_watchdog());
  if (status && !status->empty()) tell("STATUS=" + *status);
  if (ready && !std::exchange(is_told_ready_, true)) tell("READY=1");
  if (state == "stopping" && !std::exchange(was_stopped_, true))
    tell(strf("STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
              static_cast<unsigned long long>(with_slack(stop_timeout_usec_))));
  return {};
}

void ServiceNotice::tell(const std::string& lines) const {
  // A service manager that can't be told gives up on us in its own way.
  if (!is_silent_) (void)sd_notify(0, lines.c_str());
}

}  // namespace ambit::cli
