#include "engine/host_check.h"

#include <unistd.h>

#include "base/user_name.h"
#include "engine/host_checks.h"

namespace ambit::engine {
namespace {

enum class Speed { Quick, Slow };

struct Entry {
  const char* name;
  Speed speed;
  HostCheck (*check)(const HostContext&);
  const char* documentation;
};

// In the order in which a person would set a host up.
constexpr Entry kChecks[] = {
    {"kernel", Speed::Quick, check_kernel, "README.md, Requirements"},
    {"cgroup", Speed::Quick, check_cgroup, "man:cgroups(7)"},
    {"user manager", Speed::Slow, check_user_manager, "man:user@.service(5)"},
    {"linger", Speed::Slow, check_linger, "man:loginctl(1)"},
    {"boot", Speed::Slow, check_boot, "man:ambit(1)"},
    {"controllers", Speed::Quick, check_controllers, "man:systemd.resource-control(5)"},
    {"user namespaces", Speed::Quick, check_user_namespaces, "man:user_namespaces(7)"},
    {"subordinate ids", Speed::Quick, check_subordinate_ids, "man:subuid(5)"},
    {"newuidmap", Speed::Quick, check_map_helpers, "man:newuidmap(1)"},
    {"overlay", Speed::Quick, check_overlay, "https://docs.kernel.org/filesystems/overlayfs.html"},
    {"seccomp", Speed::Quick, check_seccomp, "man:seccomp(2)"},
    {"journal", Speed::Slow, check_journal, "man:journald.conf(5)"},
    {"slirp4netns", Speed::Quick, check_slirp4netns, "man:slirp4netns(1)"},
    {"tun", Speed::Quick, check_tun, "https://docs.kernel.org/networking/tuntap.html"},
};

HostContext make_context(const Paths& paths) {
  const uid_t uid = ::getuid();
  const std::string user = user_name(uid);
  return {.paths = paths, .uid = uid, .user = user, .base_userns = sandbox::make_base_userns(user)};
}

HostCheck run(const Entry& entry, const HostContext& context) {
  HostCheck check = entry.check(context);
  check.name = entry.name;
  check.documentation = entry.documentation;
  return check;
}

}  // namespace

const char* to_string(CheckState state) {
  switch (state) {
    case CheckState::Ok:
      return "ok";
    case CheckState::Warning:
      return "warning";
    case CheckState::Missing:
      return "missing";
  }
  return "missing";
}

Result<CheckState> parse_check_state(std::string_view text) {
  for (const CheckState state : {CheckState::Ok, CheckState::Warning, CheckState::Missing})
    if (text == to_string(state)) return state;
  return Error(ErrorCode::Corrupt, "no state of a check: '" + std::string(text) + "'");
}

std::vector<HostCheck> check_host(const Paths& paths) {
  const HostContext context = make_context(paths);
  std::vector<HostCheck> checks;
  for (const Entry& entry : kChecks) checks.push_back(run(entry, context));
  return checks;
}

std::vector<std::string> host_features(const Paths& paths) {
  const HostContext context = make_context(paths);
  std::vector<std::string> names;
  for (const Entry& entry : kChecks)
    if (entry.speed == Speed::Quick && run(entry, context).state == CheckState::Ok)
      names.emplace_back(entry.name);
  return names;
}

}  // namespace ambit::engine
