#include "sandbox/pod_namespaces.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/namespace.h"
#include "os/procfs.h"
#include "sandbox/capabilities.h"
#include "sandbox/rootfs.h"
#include "sandbox/system.h"

namespace ambit::sandbox {
namespace {

using spec::NamespaceType;

constexpr std::uint64_t kMountAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

struct Shared {
  NamespaceType type;
  int flag;
  const char* link;  // below /proc
  const char* given;
};

constexpr Shared kShared[] = {
    {NamespaceType::Network, CLONE_NEWNET, "self/ns/net", spec::kGivenNetwork},
    {NamespaceType::Ipc, CLONE_NEWIPC, "self/ns/ipc", spec::kGivenIpc},
    {NamespaceType::Uts, CLONE_NEWUTS, "self/ns/uts", spec::kGivenUts},
};

bool shares(const spec::HolderSettings& settings, NamespaceType type) {
  return std::find(settings.share.begin(), settings.share.end(), type) != settings.share.end();
}

// ip-sysctl.rst. Groups that may ping: root's.
Result<void> open_network(int procfs_fd) {
  AMBIT_TRY(bring_up_loopback());
  AMBIT_TRY(os::write_in_procfs(procfs_fd, "sys/net/ipv4/ip_unprivileged_port_start", "0"));
  return os::write_in_procfs(procfs_fd, "sys/net/ipv4/ping_group_range", "0 0");
}

Result<UniqueFd> make_tmpfs(const std::string& size, const char* mode) {
  const os::FilesystemContext context = AMBIT_TRY(os::FilesystemContext::open("tmpfs"));
  AMBIT_TRY(context.set("size", size));
  AMBIT_TRY(context.set("mode", mode));
  AMBIT_TRY(context.create());
  return context.mount(kMountAttributes);
}

Result<UniqueFd> make_mqueue() {
  const os::FilesystemContext context = AMBIT_TRY(os::FilesystemContext::open("mqueue"));
  AMBIT_TRY(context.create());
  return context.mount(kMountAttributes);
}

// Only what is attached can be copied.
Result<void> attach_in(int root_fd, const char* name, int mount_fd) {
  if (::mkdirat(root_fd, name, 0700) < 0) return Error::from_errno(errno, "mkdir");
  const UniqueFd target = AMBIT_TRY(os::open_at(root_fd, name, O_PATH | O_DIRECTORY));
  return os::attach(mount_fd, target.get());
}

}  // namespace

Result<PodNamespaces> PodNamespaces::make(const spec::HolderSettings& settings) {
  int flags = CLONE_NEWNS;
  for (const Shared& shared : kShared)
    if (shares(settings, shared.type)) flags |= shared.flag;
  AMBIT_TRY(os::unshare(flags, "the pod's namespaces"));
  PodNamespaces pod;
  const UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  for (const Shared& shared : kShared)
    if (shares(settings, shared.type))
      // The magic link is what is wanted, below a /proc that is known to be one.
      pod.namespaces_.emplace_back(shared.given,
                                   AMBIT_TRY(os::open_at(procfs.get(), shared.link, O_RDONLY)));
  if (shares(settings, NamespaceType::Network))
    AMBIT_TRY(open_network(procfs.get()).context("the pod's network"));
  if (shares(settings, NamespaceType::Uts)) AMBIT_TRY(set_hostname(settings.hostname));
  AMBIT_TRY(pod.make_root(settings));
  return pod;
}

// The holder would otherwise keep every file system of the host busy, for as long as the pod lives.
Result<void> PodNamespaces::make_root(const spec::HolderSettings& settings) {
  AMBIT_TRY(stop_propagation_to_host());
  const UniqueFd root = AMBIT_TRY(make_tmpfs("64k", "0700").context("the holder's root"));
  AMBIT_TRY(cover_host_root(root.get()));
  if (shares(settings, NamespaceType::Ipc)) {
    const std::string size = strf("%llu", static_cast<unsigned long long>(settings.shm_size_bytes));
    UniqueFd shm = AMBIT_TRY(make_tmpfs(size, "1777").context("/dev/shm"));
    AMBIT_TRY(attach_in(root.get(), "shm", shm.get()).context("/dev/shm"));
    mounts_.emplace_back(spec::kGivenShm, std::move(shm));
    UniqueFd mqueue = AMBIT_TRY(make_mqueue().context("/dev/mqueue"));
    AMBIT_TRY(attach_in(root.get(), "mqueue", mqueue.get()).context("/dev/mqueue"));
    mounts_.emplace_back(spec::kGivenMqueue, std::move(mqueue));
  }
  return enter_root(root.get());
}

Result<PodNamespaces::Given> PodNamespaces::give() const {
  Given given;
  for (const auto& [name, fd] : namespaces_)
    given.emplace_back(name, AMBIT_TRY(os::duplicate(fd.get())));
  for (const auto& [name, fd] : mounts_) {
    UniqueFd copy =
        AMBIT_TRY(os::clone_tree(fd.get(), "", os::Depth::Single).context("copying " + name));
    given.emplace_back(name, std::move(copy));
  }
  return given;
}

Result<void> PodNamespaces::drop_privileges() const {
  const std::uint64_t kept = mounts_.empty() ? 0 : std::uint64_t{1} << CAP_SYS_ADMIN;
  AMBIT_TRY(limit_bounding_set(0));
  AMBIT_TRY(set_capabilities({.effective = kept, .permitted = kept}));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return Error::from_errno(errno, "PR_SET_NO_NEW_PRIVS");
  // Nobody with the user's rights looks into it, nor does a core file tell of it.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return Error::from_errno(errno, "PR_SET_DUMPABLE");
  const rlimit none = {};
  if (::setrlimit(RLIMIT_CORE, &none) < 0) return Error::from_errno(errno, "RLIMIT_CORE");
  return {};
}

}  // namespace ambit::sandbox
