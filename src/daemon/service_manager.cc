#include "daemon/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>

#include "base/error.h"
#include "base/log.h"

namespace ambit::daemon {
namespace {

void note(int r, const char* what) {
  if (r < 0) log(LogLevel::Warning, "%s", Error::from_errno(-r, what).message().c_str());
}

}  // namespace

std::map<std::string, UniqueFd> take_stored_fds() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1 /* unset the environment */, &names);
  note(count, "taking over descriptors of the service manager");
  std::map<std::string, UniqueFd> fds;
  for (int i = 0; i < count; i++) {
    fds.insert_or_assign(names[i], UniqueFd(SD_LISTEN_FDS_START + i));
    std::free(names[i]);
  }
  std::free(names);
  return fds;
}

void store_fd(const char* name, int fd) {
  const std::string named = std::string("FDNAME=") + name;
  notify("FDSTOREREMOVE=1\n" + named);
  // Without FDPOLL=0 what polls as hung up is dropped at once.
  const std::string state = "FDSTORE=1\nFDPOLL=0\n" + named;
  note(sd_pid_notify_with_fds(0, 0, state.c_str(), &fd, 1), "storing a descriptor");
}

void notify(const std::string& state) {
  note(sd_notify(0, state.c_str()), "telling the service manager");
}

}  // namespace ambit::daemon
