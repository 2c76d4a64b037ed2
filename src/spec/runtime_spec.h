#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The OCI runtime specification's config.json (1.1) as far as ambit uses it, and our own few
// settings beside it, in the member "ambit" that other runtimes ignore.
namespace ambit::spec {

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;
  std::optional<std::uint32_t> umask;
};

// Names as in capabilities(7), "CAP_CHOWN".
struct Capabilities {
  std::vector<std::string> bounding, effective, inheritable, permitted, ambient;
};

struct Rlimit {
  std::string type;  // "RLIMIT_NOFILE"
  std::uint64_t hard = 0;
  std::uint64_t soft = 0;
};

struct ConsoleSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};

struct ProcessSpec {
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  Capabilities capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = true;
  std::optional<int> oom_score_adj;
};

struct Mount {
  std::string destination;
  std::string type;  // "bind", "tmpfs", "proc", "sysfs", "cgroup", "devpts", "mqueue", "overlay"
  std::string source;
  std::vector<std::string> options;  // as in mount(8): "ro", "nosuid", "rbind", "rprivate", ...
};

enum class NamespaceType { User, Mount, Pid, Network, Ipc, Uts, Cgroup, Time };

struct Namespace {
  NamespaceType type;
  std::string path;  // "" for a new one
};

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;  // an id of the namespace that the container's is made in
  std::uint32_t size = 0;
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
  std::vector<Mount> mounts;
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::string rootfs_propagation;  // "" is "rprivate"
  std::map<std::string, std::string> annotations;
  AmbitSettings ambit;
};

// Corrupt for what is not JSON or not of the specification's types; the message names the member.
Result<RuntimeSpec> parse_runtime_spec(std::string_view json);
std::string write_runtime_spec(const RuntimeSpec& spec);

}  // namespace ambit::spec
