#include "sandbox/scheduling.h"

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ambit::sandbox {
namespace {

template <typename T>
struct Named {
  const char* name;
  T value;
};

constexpr Named<std::uint32_t> kPolicies[] = {
    {"SCHED_OTHER", SCHED_NORMAL},      {"SCHED_FIFO", SCHED_FIFO}, {"SCHED_RR", SCHED_RR},
    {"SCHED_BATCH", SCHED_BATCH},       {"SCHED_ISO", 4},           {"SCHED_IDLE", SCHED_IDLE},
    {"SCHED_DEADLINE", SCHED_DEADLINE},
};

constexpr Named<std::uint64_t> kFlags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
    {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
    {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
    {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
    {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
};

constexpr Named<int> kIoClasses[] = {
    {"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
    {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
    {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
};

constexpr Named<unsigned long> kDomains[] = {{"LINUX", PER_LINUX}, {"LINUX32", PER_LINUX32}};

template <typename T, std::size_t N>
Result<T> find(const Named<T> (&names)[N], const std::string& name, const char* what) {
  for (const Named<T>& item : names)
    if (name == item.name) return item.value;
  return Error(ErrorCode::InvalidArgument, std::string("unknown ") + what + " '" + name + "'");
}

Result<sched_attr> attributes(const spec::Scheduler& scheduler) {
  sched_attr attr = {};
  attr.size = sizeof attr;
  attr.sched_policy = AMBIT_TRY(find(kPolicies, scheduler.policy, "scheduling policy"));
  for (const std::string& flag : scheduler.flags)
    attr.sched_flags |= AMBIT_TRY(find(kFlags, flag, "scheduling flag"));
  attr.sched_nice = scheduler.nice;
  attr.sched_priority = static_cast<std::uint32_t>(scheduler.priority);
  attr.sched_runtime = scheduler.runtime_nsec;
  attr.sched_deadline = scheduler.deadline_nsec;
  attr.sched_period = scheduler.period_nsec;
  return attr;
}

Result<int> io_priority(const spec::IoPriority& io) {
  const int klass = AMBIT_TRY(find(kIoClasses, io.klass, "I/O scheduling class"));
  if (io.priority < 0 || io.priority >= IOPRIO_NR_LEVELS)
    return Error(ErrorCode::InvalidArgument,
                 "I/O priority " + std::to_string(io.priority) + " is not within 0 to 7");
  return IOPRIO_PRIO_VALUE(klass, io.priority);
}

}  // namespace

Result<void> check_scheduling(const spec::ProcessSpec& process) {
  if (process.scheduler) AMBIT_TRY(attributes(*process.scheduler));
  if (process.io_priority) AMBIT_TRY(io_priority(*process.io_priority));
  return {};
}

Result<void> check_personality(const spec::Personality& personality) {
  AMBIT_TRY(find(kDomains, personality.domain, "execution domain"));
  if (!personality.flags.empty())
    return Error(ErrorCode::Unsupported,
                 "flags of the personality: the specification has none yet");
  return {};
}

Result<void> set_scheduling(const spec::ProcessSpec& process) {
  if (process.io_priority) {
    const int value = AMBIT_TRY(io_priority(*process.io_priority));
    if (::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) < 0)
      return Error::from_errno(errno, "I/O priority: ioprio_set");
  }
  if (process.scheduler) {
    sched_attr attr = AMBIT_TRY(attributes(*process.scheduler));
    if (::syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
      return Error::from_errno(errno, "scheduler " + process.scheduler->policy + ": sched_setattr");
  }
  return {};
}

Result<void> set_personality(const spec::Personality& personality) {
  const unsigned long domain = AMBIT_TRY(find(kDomains, personality.domain, "execution domain"));
  if (::personality(domain) < 0)
    return Error::from_errno(errno, "personality " + personality.domain + ": personality");
  return {};
}

}  // namespace ambit::sandbox
