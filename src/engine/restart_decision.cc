#include "engine/restart_decision.h"

#include <algorithm>

namespace ambit::engine {

using spec::RestartKind;

bool restarts_after(const spec::RestartPolicy& policy, int exit_code, std::uint32_t restarts) {
  switch (policy.kind) {
    case RestartKind::No:
      return false;
    case RestartKind::OnFailure:
      return exit_code != 0 && (policy.max_retries == 0 || restarts < policy.max_retries);
    case RestartKind::Always:
    case RestartKind::UnlessStopped:
      return true;
  }
  return false;
}

bool starts_at_boot(const spec::RestartPolicy& policy, LastWish last) {
  if (policy.kind == RestartKind::UnlessStopped) return last == LastWish::Run;
  return policy.kind == RestartKind::Always;
}

std::chrono::microseconds next_restart_delay(std::chrono::microseconds last,
                                             std::chrono::microseconds ran_for) {
  if (ran_for >= kGoodRun || last < kFirstRestartDelay) return kFirstRestartDelay;
  return std::min<std::chrono::microseconds>(last * 2, kLongestRestartDelay);
}

}  // namespace ambit::engine
