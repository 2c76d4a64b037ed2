#include <cstdio>
#include <nlohmann/json.hpp>

#include "oci/commands.h"
#include "sandbox/capabilities.h"
#include "sandbox/mount_options.h"
#include "sandbox/seccomp_features.h"
#include "sandbox/security_label.h"

namespace ambit::oci {
namespace {

using nlohmann::json;

json cgroup_features() {
  return {{"v1", false}, {"v2", true}, {"systemd", true}, {"systemdUser", true}, {"rdma", true}};
}

json seccomp_features() {
  const sandbox::SeccompFeatures features = sandbox::seccomp_features();
  return {{"enabled", !features.actions.empty()}, {"actions", features.actions},
          {"operators", features.operators},      {"archs", features.architectures},
          {"knownFlags", features.known_flags},   {"supportedFlags", features.supported_flags}};
}

json linux_features() {
  return {{"namespaces", {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"}},
          {"capabilities", sandbox::known_capabilities()},
          {"cgroup", cgroup_features()},
          {"seccomp", seccomp_features()},
          {"apparmor", {{"enabled", sandbox::has_apparmor()}}},
          {"selinux", {{"enabled", sandbox::has_selinux()}}},
          {"intelRdt", {{"enabled", false}}},
          {"mountExtensions", {{"idmap", {{"enabled", true}}}}}};
}

}  // namespace

// The structure of features.md.
Result<int> run_features(const Context&, const Arguments& arguments) {
  Options options;
  AMBIT_TRY(options.parse(arguments));
  const json document = {
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", "1.2.0"},
      {"hooks",
       {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}},
      {"mountOptions", sandbox::known_mount_options()},
      {"linux", linux_features()},
      {"annotations", {{"org.ambit.version", AMBIT_VERSION}}},
      {"potentiallyUnsafeConfigAnnotations", {"org.systemd.property."}}};
  std::puts(document.dump(2).c_str());
  return 0;
}

}  // namespace ambit::oci
