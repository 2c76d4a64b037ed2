#pragma once

#include <chrono>
#include <cstdint>

#include "spec/restart_policy.h"

// What a restart policy says; no more than rules.
namespace ambit::engine {

// Whether a run that ended so, and that no user ended, is followed by another. `restarts` counts
// those that there were since a user started it.
bool restarts_after(const spec::RestartPolicy& policy, int exit_code, std::uint32_t restarts);

// Whether a container that has been started once is started with the user's manager. On-failure is
// not: the end of the manager is no failure of the container.
enum class LastWish { Run, Stop };
bool starts_at_boot(const spec::RestartPolicy& policy, LastWish last);

constexpr std::chrono::milliseconds kFirstRestartDelay{100};
constexpr std::chrono::seconds kLongestRestartDelay{60};
constexpr std::chrono::seconds kGoodRun{10};  // after one that long the delay begins anew

// How long to wait before the next restart: twice the last delay, 0 being none yet.
std::chrono::microseconds next_restart_delay(std::chrono::microseconds last,
                                             std::chrono::microseconds ran_for);

}  // namespace ambit::engine
