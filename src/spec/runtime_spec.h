#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/hooks.h"
#include "spec/process_spec.h"
#include "spec/resources.h"
#include "spec/seccomp_spec.h"

// The OCI runtime specification's config.json (1.1, and what 1.2 added for Linux), and our own few
// settings beside it, in the member "ambit" that other runtimes ignore.
namespace ambit::spec {

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;  // an id of the namespace that the container's is made in
  std::uint32_t size = 0;
};

struct Mount {
  std::string destination;
  std::string type;  // "bind", "tmpfs", "proc", "sysfs", "cgroup", "devpts", "mqueue", "overlay"
  std::string source;
  std::vector<std::string> options;     // as in mount(8): "ro", "nosuid", "rbind", "rprivate", ...
  std::vector<IdMapping> uid_mappings;  // of the mount: mount_setattr(2), "ID-mapped mounts"
  std::vector<IdMapping> gid_mappings;
};

enum class NamespaceType { User, Mount, Pid, Network, Ipc, Uts, Cgroup, Time };

struct Namespace {
  NamespaceType type;
  std::string path;  // "" for a new one
};

// A device node of the container.
struct Device {
  std::string path;
  std::string type;  // "c", "u", "b", "p"
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
};

struct TimeOffset {
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
};

struct Personality {
  std::string domain;  // "LINUX", "LINUX32"
  std::vector<std::string> flags;
};

// The root file system as layers: mounted by the child, in its own namespaces.
struct Overlay {
  std::vector<std::string> lower;  // absolute folders, topmost first
  std::string upper;               // "" for a read-only root
  std::string work;
};

struct AmbitSettings {
  std::optional<Overlay> overlay;  // else root.path is a folder, bound as it is
  // "USER[:GROUP]", names or numbers, looked up in the container's own /etc/passwd and /etc/group
  // by the child; overrides process.user. "" leaves process.user alone.
  std::string user;
  bool init = false;  // our tiny init is PID 1 and the command its child
  // HOME is set from the passwd entry where the environment has none.
};

struct RuntimeSpec {
  std::string oci_version = "1.1.0";
  std::string root_path;
  bool root_readonly = false;
  ProcessSpec process;
  std::string hostname;
  std::string domainname;
  std::vector<Mount> mounts;
  Hooks hooks;
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::string rootfs_propagation;  // "" is "rprivate"
  std::string mount_label;         // SELinux, for mounts that take one
  std::vector<Device> devices;
  std::string cgroups_path;
  std::optional<Resources> resources;
  std::optional<Seccomp> seccomp;
  std::optional<Personality> personality;
  std::map<std::string, TimeOffset> time_offsets;  // by clock: "monotonic", "boottime"
  bool has_intel_rdt = false;                      // asked for, and nothing we have
  std::map<std::string, std::string> annotations;
  AmbitSettings ambit;
};

// Corrupt for what is not JSON or not of the specification's types; the message names the member.
Result<RuntimeSpec> parse_runtime_spec(std::string_view json);
std::string write_runtime_spec(const RuntimeSpec& spec);

}  // namespace ambit::spec
