#include "sandbox/privileges.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"
#include "os/procfs.h"

namespace ambit::sandbox {
namespace {

struct NamedLimit {
  const char* name;
  int resource;
};

constexpr NamedLimit kLimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

Result<int> resource_of(const std::string& type) {
  for (const NamedLimit& limit : kLimits)
    if (type == limit.name) return limit.resource;
  return Error(ErrorCode::InvalidArgument, "no such resource limit: '" + type + "'");
}

Error explain_rlimit(const spec::Rlimit& limit, int resource, int err) {
  const auto number = [](std::uint64_t value) {
    return value == RLIM_INFINITY ? std::string("unlimited")
                                  : strf("%llu", static_cast<unsigned long long>(value));
  };
  std::string what =
      limit.type + "=" + number(limit.soft) + ":" + number(limit.hard) + ": setrlimit";
  rlimit held = {};
  if (err == EPERM && ::getrlimit(static_cast<__rlimit_resource_t>(resource), &held) == 0)
    what = limit.type + ": an ordinary user can't raise the hard limit, which is " +
           number(held.rlim_max) + " here, to " + number(limit.hard) + ": setrlimit";
  return Error::from_errno(err, what);
}

Result<void> set_groups(const ContainerUser& user, Setgroups setgroups) {
  if (setgroups == Setgroups::Denied) {
    if (user.groups.empty() || user.groups_looked_up) return {};
    return Error(ErrorCode::HostUnsupported,
                 "supplementary groups need subordinate ids: add lines for the user to "
                 "/etc/subuid and /etc/subgid (usermod --add-subuids, --add-subgids)");
  }
  if (::setgroups(user.groups.size(), user.groups.data()) < 0)
    return Error::from_errno(errno, "setgroups: one of the groups is not mapped, or");
  return {};
}

Error explain_ids(const char* call, id_t id, int err) {
  if (err == EINVAL)
    return Error::from_errno(
        err, strf("id %u is not mapped into the container: the user has too few subordinate ids "
                  "(/etc/subuid, /etc/subgid): %s",
                  id, call));
  return Error::from_errno(err, strf("%s %u", call, id));
}

Result<void> set_ids(const ContainerUser& user) {
  if (::setresgid(user.gid, user.gid, user.gid) < 0)
    return explain_ids("setresgid", user.gid, errno);
  if (::setresuid(user.uid, user.uid, user.uid) < 0)
    return explain_ids("setresuid", user.uid, errno);
  return {};
}

}  // namespace

Result<void> set_rlimits(const std::vector<spec::Rlimit>& rlimits) {
  for (const spec::Rlimit& limit : rlimits) {
    const int resource = AMBIT_TRY(resource_of(limit.type));
    const rlimit value = {.rlim_cur = limit.soft, .rlim_max = limit.hard};
    if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &value) < 0)
      return explain_rlimit(limit, resource, errno);
  }
  return {};
}

Result<void> set_oom_score_adj(int procfs_fd, int value) {
  auto written = os::write_in_procfs(procfs_fd, "self/oom_score_adj", std::to_string(value));
  if (!written && written.error().sys_errno() == EACCES)
    return std::move(written).error().context(strf(
        "oom_score_adj %d: an ordinary user can't go below what his session was given", value));
  return written;
}

Result<void> drop_privileges(const spec::ProcessSpec& process, const ContainerUser& user,
                             const CapabilityBits& capabilities, Setgroups setgroups) {
  AMBIT_TRY(limit_bounding_set(capabilities.bounding));
  // Without this the change of ids to another user would clear the permitted set, and nothing
  // could be made ambient (capabilities(7)).
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return Error::from_errno(errno, "PR_SET_KEEPCAPS");
  AMBIT_TRY(set_groups(user, setgroups));
  AMBIT_TRY(set_ids(user));
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0) return Error::from_errno(errno, "PR_SET_KEEPCAPS");
  AMBIT_TRY(set_capabilities(capabilities));
  if (process.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return Error::from_errno(errno, "PR_SET_NO_NEW_PRIVS");
  return {};
}

}  // namespace ambit::sandbox
