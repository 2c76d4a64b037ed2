#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::spec {

// When a container counts as ready, for whoever waits for its start.
enum class NotifyMode {
  Started,    // "conmon", as podman's users know it: its command has been executed
  Container,  // it has said READY=1 over the NOTIFY_SOCKET that it alone gets, sd_notify(3)
  Healthy,    // its health check has passed once
  Ignore,     // as Started, and no service manager is told
};

// "conmon", "container", "healthy", "ignore". InvalidArgument shows the text.
Result<NotifyMode> parse_notify_mode(std::string_view text);
const char* to_string(NotifyMode mode);

// Where a container finds its socket, as systemd(1) and systemd-nspawn(1) have it.
constexpr char kNotifyPath[] = "/run/host/notify";

}  // namespace ambit::spec
