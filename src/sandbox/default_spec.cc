#include "sandbox/default_spec.h"

#include "base/strings.h"
#include "sandbox/capabilities.h"

namespace ambit::sandbox {
namespace {

using spec::Mount;
using spec::NamespaceType;

std::vector<Mount> default_mounts(const DefaultSpecOptions& options) {
  // A sysfs shows the network namespace that it was mounted in, so the kernel refuses one in a
  // network namespace that isn't the container's own; then the host's is shown, read-only.
  const Mount sysfs =
      options.network == NetworkMode::Host
          ? Mount{"/sys", "bind", "/sys", {"rbind", "rro", "rnosuid", "rnodev", "rnoexec"}}
          : Mount{"/sys", "sysfs", "sysfs", {"ro", "nosuid", "nodev", "noexec"}};
  return {
      {"/proc", "proc", "proc", {"nosuid", "nodev", "noexec"}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
      {"/dev/shm",
       "tmpfs",
       "shm",
       {"nosuid", "nodev", "noexec", "mode=1777",
        strf("size=%llu", static_cast<unsigned long long>(options.shm_size_bytes))}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "nodev", "noexec"}},
      sysfs,
      {"/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "nodev", "noexec", "relatime"}},
  };
}

}  // namespace

// Where a kernel shows the host, or takes orders for it, also to root of a user namespace.
std::vector<std::string> default_masked_paths() {
  return {"/proc/acpi",
          "/proc/asound",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/key-users",
          "/proc/latency_stats",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/sys/firmware",
          "/sys/devices/virtual/powercap"};
}

std::vector<std::string> default_readonly_paths() {
  return {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

spec::RuntimeSpec default_spec(const DefaultSpecOptions& options) {
  spec::RuntimeSpec spec;
  spec.process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  spec.process.capabilities = capability_sets(default_capabilities());
  spec.process.no_new_privileges = true;
  spec.mounts = default_mounts(options);
  spec.namespaces = {{NamespaceType::User, ""}, {NamespaceType::Mount, ""},
                     {NamespaceType::Pid, ""},  {NamespaceType::Ipc, ""},
                     {NamespaceType::Uts, ""},  {NamespaceType::Cgroup, ""}};
  if (options.network == NetworkMode::None) spec.namespaces.push_back({NamespaceType::Network, ""});
  spec.masked_paths = default_masked_paths();
  spec.readonly_paths = default_readonly_paths();
  return spec;
}

}  // namespace ambit::sandbox
