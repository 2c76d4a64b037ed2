#include "cli/activation.h"

#include <fcntl.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace ambit::cli {

Result<void> add_activation(bus::OptionWriter& options) {
  char** raw_names = nullptr;
  const int count = sd_listen_fds_with_names(1 /* unset the environment */, &raw_names);
  if (count < 0) return Error::from_errno(-count, "LISTEN_FDS of the environment");
  std::vector<UniqueFd> sockets;
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    sockets.emplace_back(SD_LISTEN_FDS_START + i);
    names.emplace_back(raw_names[i]);
    std::free(raw_names[i]);
  }
  std::free(raw_names);
  if (count > 0)
    options.set("ListenDescriptors", std::move(sockets)).set("ListenNames", std::move(names));
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(0, &usec) > 0) options.set("WatchdogUSec", usec);
  return {};
}

std::string own_service() {
  char* unit = nullptr;
  if (sd_pid_get_user_unit(0, &unit) < 0) return "";
  std::string name(unit);
  std::free(unit);
  constexpr std::string_view kSuffix = ".service";
  return name.size() > kSuffix.size() && name.ends_with(kSuffix) ? name : "";
}

}  // namespace ambit::cli
