#include "sandbox/system.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>

#include "base/unique_fd.h"
#include "os/procfs.h"
#include "sandbox/namespaces.h"

namespace ambit::sandbox {
namespace {

using spec::NamespaceType;

struct NamespacedSysctl {
  std::string_view name;  // with a final dot: everything below
  NamespaceType type;
};

// sysctl/kernel.rst, namespaces(7), ipc_namespaces(7).
constexpr NamespacedSysctl kNamespaced[] = {
    {"net.", NamespaceType::Network},        {"fs.mqueue.", NamespaceType::Ipc},
    {"kernel.msgmax", NamespaceType::Ipc},   {"kernel.msgmnb", NamespaceType::Ipc},
    {"kernel.msgmni", NamespaceType::Ipc},   {"kernel.sem", NamespaceType::Ipc},
    {"kernel.shmall", NamespaceType::Ipc},   {"kernel.shmmax", NamespaceType::Ipc},
    {"kernel.shmmni", NamespaceType::Ipc},   {"kernel.shm_rmid_forced", NamespaceType::Ipc},
    {"kernel.hostname", NamespaceType::Uts}, {"kernel.domainname", NamespaceType::Uts},
};

Result<void> check_sysctl(const spec::RuntimeSpec& spec, std::string_view name) {
  // "net/../kernel/core_pattern"
  if (name.find("..") != std::string_view::npos)
    return Error(ErrorCode::InvalidArgument, "not the name of a sysctl");
  const auto found = std::find_if(
      std::begin(kNamespaced), std::end(kNamespaced), [&](const NamespacedSysctl& known) {
        return known.name.back() == '.' ? name.substr(0, known.name.size()) == known.name
                                        : name == known.name;
      });
  if (found == std::end(kNamespaced))
    return Error(ErrorCode::InvalidArgument, "it belongs to the host, not to a container");
  if (!has_namespace(spec, found->type))
    return Error(ErrorCode::InvalidArgument,
                 "the container shares the host's namespace that it belongs to");
  return {};
}

// Both spellings are in use: "net.ipv4.ip_forward" and, where a part has a dot in it,
// "net/ipv4/conf/eth0.1/forwarding".
std::string dotted(std::string name) {
  if (name.find('/') == std::string::npos) return name;
  for (char& c : name) c = c == '/' ? '.' : c;
  return name;
}

std::string sysctl_path(std::string name) {
  if (name.find('/') == std::string::npos) std::replace(name.begin(), name.end(), '.', '/');
  return "sys/" + name;
}

}  // namespace

Result<void> set_hostname(const std::string& hostname) {
  if (::sethostname(hostname.data(), hostname.size()) < 0)
    return Error::from_errno(errno, "hostname '" + hostname + "': sethostname");
  return {};
}

Result<void> set_domainname(const std::string& domainname) {
  if (::setdomainname(domainname.data(), domainname.size()) < 0)
    return Error::from_errno(errno, "domainname '" + domainname + "': setdomainname");
  return {};
}

Result<void> bring_up_loopback() {
  UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error::from_errno(errno, "loopback: socket");
  ifreq request = {};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0)
    return Error::from_errno(errno, "loopback: SIOCSIFFLAGS");
  return {};
}

Result<void> write_sysctls(int procfs_fd, const spec::RuntimeSpec& spec) {
  for (const auto& [name, value] : spec.sysctl) {
    AMBIT_TRY(check_sysctl(spec, dotted(name)).context("sysctl " + name));
    AMBIT_TRY(os::write_in_procfs(procfs_fd, sysctl_path(name), value).context("sysctl " + name));
  }
  return {};
}

}  // namespace ambit::sandbox
