#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The member "process" of the OCI runtime specification's config.json: a command with what it is
// given and denied. A document of its own too, for commands that run later.
namespace ambit::spec {

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids;
  std::optional<std::uint32_t> umask;
};

// Names as in capabilities(7), "CAP_CHOWN".
struct Capabilities {
  std::vector<std::string> bounding, effective, inheritable, permitted, ambient;
};

struct Rlimit {
  std::string type;  // "RLIMIT_NOFILE"
  std::uint64_t hard = 0;
  std::uint64_t soft = 0;
};

struct ConsoleSize {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};

// sched_setattr(2). Names as there: "SCHED_BATCH", "SCHED_FLAG_RESET_ON_FORK".
struct Scheduler {
  std::string policy;
  std::int32_t nice = 0;
  std::int32_t priority = 0;
  std::vector<std::string> flags;
  std::uint64_t runtime_nsec = 0;
  std::uint64_t deadline_nsec = 0;
  std::uint64_t period_nsec = 0;
};

// ioprio_set(2).
struct IoPriority {
  std::string klass;  // "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"
  int priority = 0;
};

struct ProcessSpec {
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  Capabilities capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = true;
  std::optional<int> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::string apparmor_profile;  // "" leaves it alone
  std::string selinux_label;
};

// Corrupt, naming the member that is wrong.
Result<ProcessSpec> parse_process_spec(std::string_view json);

}  // namespace ambit::spec
