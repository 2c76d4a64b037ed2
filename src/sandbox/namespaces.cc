#include "sandbox/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "os/file.h"
#include "os/namespace.h"
#include "os/procfs.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace ambit::sandbox {
namespace {

using spec::NamespaceType;

constexpr NamespaceKind kKnown[] = {
    {NamespaceType::User, CLONE_NEWUSER, "user"},
    {NamespaceType::Mount, CLONE_NEWNS, "mnt"},
    {NamespaceType::Pid, CLONE_NEWPID, "pid"},
    {NamespaceType::Network, CLONE_NEWNET, "net"},
    {NamespaceType::Ipc, CLONE_NEWIPC, "ipc"},
    {NamespaceType::Uts, CLONE_NEWUTS, "uts"},
    {NamespaceType::Cgroup, CLONE_NEWCGROUP, "cgroup"},
    {NamespaceType::Time, CLONE_NEWTIME, "time"},
};

const NamespaceKind& known(NamespaceType type) {
  return *std::find_if(std::begin(kKnown), std::end(kKnown),
                       [&](const NamespaceKind& item) { return item.type == type; });
}

Error wrong_type(const char* name) {
  return Error(ErrorCode::InvalidArgument,
               std::string("it is no namespace of the type '") + name + "'");
}

Result<UniqueFd> open_path_of(const spec::Namespace& item, const GivenFds& given) {
  const auto found = given.find(item.path);
  if (found != given.end()) return os::duplicate(found->second);
  return os::open_at(AT_FDCWD, item.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

Result<JoinedNamespace> open_namespace(const spec::Namespace& item, const GivenFds& given) {
  const NamespaceKind& type = known(item.type);
  JoinedNamespace joined;
  joined.type = item.type;
  joined.path = item.path;
  joined.fd = AMBIT_TRY(open_path_of(item, given));
  // ENOTTY: no namespace at all.
  const int found = ::ioctl(joined.fd.get(), NS_GET_NSTYPE);
  if (found != type.flag) return wrong_type(type.name);
  return joined;
}

Result<bool> is_our_own(const JoinedNamespace& joined) {
  const UniqueFd procfs = AMBIT_TRY(os::open_procfs());
  struct stat theirs = {};
  struct stat ours = {};
  const std::string self = strf("self/ns/%s", known(joined.type).name);
  // The magic link itself is wanted: what it leads to is the namespace.
  if (::fstat(joined.fd.get(), &theirs) < 0 || ::fstatat(procfs.get(), self.c_str(), &ours, 0) < 0)
    return Error::from_errno(errno, self);
  return theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

Result<void> check(const spec::RuntimeSpec& spec) {
  for (auto item = spec.namespaces.begin(); item != spec.namespaces.end(); ++item)
    if (std::any_of(spec.namespaces.begin(), item,
                    [&](const spec::Namespace& other) { return other.type == item->type; }))
      return Error(ErrorCode::InvalidArgument,
                   std::string("the namespace '") + known(item->type).name + "' is listed twice");
  // Everything else is built on it; without one it would be built into the host.
  if (!has_namespace(spec, NamespaceType::Mount))
    return Error(ErrorCode::InvalidArgument, "a container needs a mount namespace");
  if (!spec.time_offsets.empty() && !has_new_namespace(spec, NamespaceType::Time))
    return Error(ErrorCode::InvalidArgument, "time offsets need a new time namespace");
  return {};
}

Result<void> join(const JoinedNamespace& joined) {
  return os::join_namespaces(joined.fd.get(), known(joined.type).flag,
                             std::string(known(joined.type).name) + " namespace " + joined.path);
}

// One line for each clock, before anybody is in the namespace (time_namespaces(7)).
Result<void> make_time_namespace(const NamespacePlan& plan, int procfs_fd) {
  AMBIT_TRY(os::unshare(CLONE_NEWTIME, "time namespace"));
  std::string lines;
  for (const auto& [clock, offset] : plan.time_offsets)
    lines +=
        strf("%s %lld %u\n", clock.c_str(), static_cast<long long>(offset.secs), offset.nanosecs);
  if (lines.empty()) return {};
  return os::write_in_procfs(procfs_fd, "self/timens_offsets", lines).context("time offsets");
}

}  // namespace

std::span<const NamespaceKind> namespace_kinds() { return kKnown; }

bool has_namespace(const spec::RuntimeSpec& spec, NamespaceType type) {
  return std::any_of(spec.namespaces.begin(), spec.namespaces.end(),
                     [&](const spec::Namespace& item) { return item.type == type; });
}

bool has_new_namespace(const spec::RuntimeSpec& spec, NamespaceType type) {
  return std::any_of(
      spec.namespaces.begin(), spec.namespaces.end(),
      [&](const spec::Namespace& item) { return item.type == type && item.path.empty(); });
}

const JoinedNamespace* NamespacePlan::find(NamespaceType type) const {
  for (const JoinedNamespace& item : joined)
    if (item.type == type) return &item;
  return nullptr;
}

Result<NamespacePlan> plan_namespaces(const spec::RuntimeSpec& spec, const GivenFds& given) {
  AMBIT_TRY(check(spec));
  NamespacePlan plan;
  plan.time_offsets = spec.time_offsets;
  for (const spec::Namespace& item : spec.namespaces) {
    if (!item.path.empty()) {
      JoinedNamespace joined =
          AMBIT_TRY(open_namespace(item, given).context("namespace " + item.path));
      if (!AMBIT_TRY(is_our_own(joined))) {
        plan.joined.push_back(std::move(joined));
      } else if (item.type == NamespaceType::Mount) {
        return Error(ErrorCode::InvalidArgument,
                     "the container's mount namespace would be the caller's own");
      }
    } else if (item.type == NamespaceType::Time) {
      plan.makes_time = true;
    } else if (item.type != NamespaceType::Cgroup) {
      plan.made |= static_cast<std::uint64_t>(known(item.type).flag);
    }
  }
  return plan;
}

Result<void> join_before_userns(const NamespacePlan& plan,
                                std::vector<const JoinedNamespace*>& left) {
  for (const JoinedNamespace& item : plan.joined) {
    if (item.type == NamespaceType::User) continue;
    auto done = join(item);
    if (!done && done.error().sys_errno() != EPERM) return done;
    if (!done) left.push_back(&item);
  }
  return {};
}

Result<void> join_after_userns(const NamespacePlan& plan,
                               const std::vector<const JoinedNamespace*>& left, int procfs_fd) {
  for (const JoinedNamespace* item : left) AMBIT_TRY(join(*item));
  return plan.makes_time ? make_time_namespace(plan, procfs_fd) : Result<void>();
}

}  // namespace ambit::sandbox
