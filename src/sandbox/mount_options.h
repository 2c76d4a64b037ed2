#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/mount.h"
#include "spec/runtime_spec.h"

namespace ambit::sandbox {

enum class MountKind { Bind, Overlay, Filesystem };

// What to do to a mount's attributes: the plain options to the mount itself, the "r" ones to the
// whole tree.
struct AttributeChange {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
};

enum class CopyUp { No, Yes };

// A mount of the specification, understood but not yet made: a plan that is data can be checked
// without a kernel.
struct MountPlan {
  MountKind kind{};
  std::string type;
  std::string source;
  std::string destination;
  os::Depth depth = os::Depth::Single;  // Bind
  AttributeChange attributes;
  AttributeChange tree_attributes;  // "rro", "rnosuid", ...
  std::uint64_t propagation = 0;    // MS_*; 0: private
  os::Depth propagation_depth = os::Depth::Recursive;
  std::vector<std::string> data;  // Filesystem: options for the file system, "size=64m"
  spec::Overlay overlay;          // Overlay
  CopyUp copy_up = CopyUp::No;    // tmpfs: it starts with what the image has at its place
  // Bind: owners are shown through a map: the mount's own, or the container's where that is empty.
  std::optional<os::Depth> idmap;
  std::vector<spec::IdMapping> uid_mappings;
  std::vector<spec::IdMapping> gid_mappings;
};

// InvalidArgument for a destination that isn't absolute, an unknown option of a bind mount, an
// overlay without lowerdir, maps of ids for what is no bind mount; the message names the
// destination and the option. Options of a file system ("sync", "size=1m") say nothing of a bind
// mount: the kernel takes and ignores them, and so does this.
Result<MountPlan> plan_mount(const spec::Mount& mount);
Result<std::vector<MountPlan>> plan_mounts(const std::vector<spec::Mount>& mounts);

// The options that are understood whatever the file system.
std::vector<std::string> known_mount_options();

// "rprivate", "slave", ...: MS_* with MS_REC, or InvalidArgument.
Result<std::uint64_t> parse_propagation(const std::string& text);

}  // namespace ambit::sandbox
