#include "sandbox/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/strings.h"

namespace ambit::sandbox {
namespace {

struct AttributeOption {
  const char* name;
  std::uint64_t set;
  std::uint64_t clear;
};

// An access time mode replaces the one before it: its whole field is cleared first.
constexpr AttributeOption kAttributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
};

// Of the file system, as mount(8) has them for all of them.
constexpr std::string_view kFilesystemOptions[] = {
    "sync", "async",    "dirsync",    "mand",     "nomand",     "silent",
    "loud", "iversion", "noiversion", "lazytime", "nolazytime",
};

// What mount(2) takes as a flag and has no key of fsconfig(2), because it is what is so anyway.
constexpr std::string_view kDefaultFilesystemOptions[] = {"loud", "noiversion", "iversion"};

struct PropagationOption {
  const char* name;
  std::uint64_t flag;
};

constexpr PropagationOption kPropagation[] = {
    {"private", MS_PRIVATE},
    {"slave", MS_SLAVE},
    {"shared", MS_SHARED},
    {"unbindable", MS_UNBINDABLE},
};

void apply_option(const AttributeOption& option, AttributeChange& change) {
  change.clear = (change.clear & ~option.set) | option.clear;
  change.set = (change.set & ~option.clear) | option.set;
}

// Whether the option was one of a mount's attributes.
bool take_attribute(std::string_view text, MountPlan& plan) {
  for (const AttributeOption& option : kAttributes) {
    if (text == option.name) {
      apply_option(option, plan.attributes);
      return true;
    }
    if (!text.empty() && text.front() == 'r' && text.substr(1) == option.name) {
      apply_option(option, plan.tree_attributes);
      return true;
    }
  }
  return false;
}

bool take_propagation(const std::string& text, MountPlan& plan) {
  const auto flags = parse_propagation(text);
  if (!flags) return false;
  plan.propagation = *flags & ~std::uint64_t{MS_REC};
  plan.propagation_depth = (*flags & MS_REC) != 0 ? os::Depth::Recursive : os::Depth::Single;
  return true;
}

// "a:b\:c" as overlayfs reads a list of folders.
std::vector<std::string> split_lower(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      parts.back() += text[++i];
    else if (text[i] == ':')
      parts.emplace_back();
    else
      parts.back() += text[i];
  }
  return parts;
}

Error bad_option(const std::string& text) {
  return Error(ErrorCode::InvalidArgument, "unknown option '" + text + "'");
}

Result<void> take_overlay_option(const std::string& text, spec::Overlay& overlay) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (key == "lowerdir")
    overlay.lower = split_lower(value);
  else if (key == "upperdir")
    overlay.upper = value;
  else if (key == "workdir")
    overlay.work = value;
  else if (key != "userxattr")  // always on
    return bad_option(text);
  return {};
}

template <std::size_t N>
bool contains(const std::string_view (&list)[N], std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

bool is_for_filesystem(const std::string& text) {
  return contains(kFilesystemOptions, text) || text.find('=') != std::string::npos;
}

// Those that are the runtime's own affair.
bool take_special(const std::string& text, MountPlan& plan) {
  if (plan.type == "tmpfs" && (text == "tmpcopyup" || text == "notmpcopyup")) {
    plan.copy_up = text == "tmpcopyup" ? CopyUp::Yes : CopyUp::No;
    return true;
  }
  if (plan.kind == MountKind::Bind && (text == "idmap" || text == "ridmap")) {
    plan.idmap = text == "ridmap" ? os::Depth::Recursive : os::Depth::Single;
    return true;
  }
  return false;
}

Result<void> take_option(const std::string& text, MountPlan& plan) {
  if (text == "defaults" || text.empty()) return {};
  if (text == "bind" || text == "rbind") {
    plan.kind = MountKind::Bind;
    plan.depth = text == "rbind" ? os::Depth::Recursive : os::Depth::Single;
    return {};
  }
  if (take_attribute(text, plan) || take_propagation(text, plan) || take_special(text, plan))
    return {};
  switch (plan.kind) {
    case MountKind::Bind:
      return is_for_filesystem(text) ? Result<void>() : bad_option(text);
    case MountKind::Overlay:
      return take_overlay_option(text, plan.overlay);
    case MountKind::Filesystem:
      if (contains(kDefaultFilesystemOptions, text)) return {};
      plan.data.push_back(text);
      return {};
  }
  return bad_option(text);
}

Result<MountPlan> take_id_maps(const spec::Mount& mount, MountPlan plan) {
  if (mount.uid_mappings.empty() != mount.gid_mappings.empty())
    return Error(ErrorCode::InvalidArgument, "maps of uids and of gids go together");
  if (mount.uid_mappings.empty()) return plan;
  if (plan.kind != MountKind::Bind)
    return Error(ErrorCode::InvalidArgument, "maps of ids are for bind mounts");
  if (!plan.idmap) plan.idmap = os::Depth::Single;
  plan.uid_mappings = mount.uid_mappings;
  plan.gid_mappings = mount.gid_mappings;
  return plan;
}

Result<MountPlan> plan(const spec::Mount& mount) {
  if (mount.destination.empty() || mount.destination.front() != '/')
    return Error(ErrorCode::InvalidArgument, "the destination is not an absolute path");
  MountPlan plan;
  plan.type = mount.type;
  plan.source = mount.source;
  plan.destination = mount.destination;
  plan.kind = MountKind::Filesystem;
  if (mount.type == "overlay") plan.kind = MountKind::Overlay;
  if (mount.type == "bind" || mount.type.empty()) plan.kind = MountKind::Bind;
  // Whether it is a bind mount decides what the other options are.
  for (const std::string& option : mount.options)
    if (option == "bind" || option == "rbind") AMBIT_TRY(take_option(option, plan));
  for (const std::string& option : mount.options) AMBIT_TRY(take_option(option, plan));

  if (plan.kind == MountKind::Overlay && plan.overlay.lower.empty())
    return Error(ErrorCode::InvalidArgument, "overlay without lowerdir");
  if (plan.kind == MountKind::Bind && plan.source.empty())
    return Error(ErrorCode::InvalidArgument, "bind mount without a source");
  return take_id_maps(mount, plan);
}

}  // namespace

std::vector<std::string> known_mount_options() {
  std::vector<std::string> names = {"bind", "rbind", "defaults", "idmap", "ridmap", "tmpcopyup"};
  for (const AttributeOption& option : kAttributes) {
    names.push_back(option.name);
    names.push_back(std::string("r") + option.name);
  }
  for (const PropagationOption& option : kPropagation) {
    names.push_back(option.name);
    names.push_back(std::string("r") + option.name);
  }
  for (const std::string_view option : kFilesystemOptions) names.emplace_back(option);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::uint64_t> parse_propagation(const std::string& text) {
  for (const PropagationOption& option : kPropagation) {
    if (text == option.name) return option.flag;
    if (text == std::string("r") + option.name) return option.flag | MS_REC;
  }
  return Error(ErrorCode::InvalidArgument, "no such mount propagation: '" + text + "'");
}

Result<MountPlan> plan_mount(const spec::Mount& mount) {
  return plan(mount).context("mount " + mount.destination);
}

Result<std::vector<MountPlan>> plan_mounts(const std::vector<spec::Mount>& mounts) {
  std::vector<MountPlan> plans;
  for (const spec::Mount& mount : mounts) plans.push_back(AMBIT_TRY(plan_mount(mount)));
  return plans;
}

}  // namespace ambit::sandbox
