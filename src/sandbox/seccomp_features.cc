#include "sandbox/seccomp_features.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/seccomp_names.h"

namespace ambit::sandbox {
namespace {

bool kernel_has_action(std::uint32_t action) {
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

}  // namespace

SeccompFeatures seccomp_features() {
  SeccompFeatures features;
  for (const ActionName& action : seccomp_actions())
    if (kernel_has_action(action.value)) features.actions.emplace_back(action.name);
  if (features.actions.empty()) return features;
  for (const OperatorName& item : seccomp_operators()) features.operators.emplace_back(item.name);
  for (const std::string_view name : seccomp_architectures())
    features.architectures.emplace_back(name);
  for (const FlagName& flag : seccomp_flags()) {
    features.known_flags.emplace_back(flag.name);
    if (kernel_has_flag(flag)) features.supported_flags.emplace_back(flag.name);
  }
  return features;
}

}  // namespace ambit::sandbox
