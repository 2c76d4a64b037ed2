#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "base/paths.h"
#include "base/result.h"
#include "engine/host_check.h"
#include "sandbox/base_userns.h"

// The single checks, each a function that fills in everything but the name.
namespace ambit::engine {

// What several checks share.
struct HostContext {
  Paths paths;
  uid_t uid = 0;
  std::string user;                            // its name, or the number where it has none
  Result<sandbox::BaseNamespace> base_userns;  // made once
};

inline HostCheck found(std::string detail) { return {.detail = std::move(detail)}; }
inline HostCheck missing(std::string detail, std::string fix) {
  return {.state = CheckState::Missing, .detail = std::move(detail), .fix = std::move(fix)};
}
inline HostCheck warning(std::string detail, std::string fix) {
  return {.state = CheckState::Warning, .detail = std::move(detail), .fix = std::move(fix)};
}

// host_checks_systemd.cc
HostCheck check_cgroup(const HostContext& context);
HostCheck check_user_manager(const HostContext& context);
HostCheck check_linger(const HostContext& context);
HostCheck check_boot(const HostContext& context);
HostCheck check_controllers(const HostContext& context);
HostCheck check_journal(const HostContext& context);

// host_checks_userns.cc
HostCheck check_user_namespaces(const HostContext& context);
HostCheck check_subordinate_ids(const HostContext& context);
HostCheck check_map_helpers(const HostContext& context);
HostCheck check_overlay(const HostContext& context);

// host_checks_kernel.cc
HostCheck check_kernel(const HostContext& context);
HostCheck check_seccomp(const HostContext& context);
HostCheck check_tun(const HostContext& context);
HostCheck check_slirp4netns(const HostContext& context);

}  // namespace ambit::engine
