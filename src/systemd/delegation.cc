#include "systemd/delegation.h"

namespace ambit::systemd {

std::string delegation_fix() {
  return "as root: mkdir -p /etc/systemd/system/user@.service.d && printf "
         "'[Service]\\nDelegate=cpu cpuset io memory pids\\n' > "
         "/etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload; then log "
         "out and in again";
}

}  // namespace ambit::systemd
