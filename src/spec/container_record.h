#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/health_options.h"
#include "spec/limit_options.h"
#include "spec/log_options.h"
#include "spec/notify_mode.h"
#include "spec/restart_policy.h"
#include "spec/runtime_spec.h"

namespace ambit::spec {

struct Ulimit {
  std::string name;  // "nofile"
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;  // UINT64_MAX: unlimited
};

// systemd as the container's PID 1: what settles it is engine/systemd_inside.h.
struct SystemdMode {
  bool active = false;
  bool console = false;  // no terminal was asked for: the output of /dev/console is the log
};

// What a user asks of a container; dbus/org.ambit.Ambit1.Manager.xml, CreateContainer, has the
// prose. What is not set comes from the image, or is the default named there.
struct ContainerOptions {
  std::vector<std::string> command;
  std::optional<std::vector<std::string>> entrypoint;
  std::vector<std::string> environment;
  std::string working_dir;
  std::string user;
  std::string hostname;
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  std::optional<std::uint64_t> stop_timeout_usec;
  std::uint64_t runtime_max_usec = 0;  // it is stopped after so long; 0: never
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  bool open_stdin = false;
  bool init = false;
  bool auto_remove = false;
  bool read_only = false;
  std::vector<Mount> mounts;
  std::vector<std::string> capabilities_add;
  std::vector<std::string> capabilities_drop;
  std::vector<std::string> security_options;
  std::vector<Ulimit> ulimits;
  std::string network = "none";
  std::string log_driver;  // "": journald, where it can be read, else file
  LogOptions log;
  RestartPolicy restart;
  LimitOptions limits;
  HealthOptions health;  // not kept: ContainerRecord::health is what came of it
  NotifyMode notify = NotifyMode::Started;
  std::string pod;               // "": of none
  bool names_network = false;    // that was asked for by name; counts at creation alone
  std::string systemd = "true";  // where the command is systemd; "false", "always"
};

// A container as it is kept on disk: containers/ID/record.json.
struct ContainerRecord {
  std::string id;
  std::string name;
  std::string image;              // as the user named it
  std::string image_id;           // 64 hex digits; "" for host: and rootfs:
  std::int64_t created_usec = 0;  // since 1970
  // Settled at creation from options and image, so that a later start needs neither.
  std::vector<std::string> command;      // entrypoint and command
  std::vector<std::string> environment;  // the image's and the user's
  std::string working_dir;
  std::string user;
  int stop_signal = 15;
  std::uint64_t stop_timeout_usec = 10'000'000;
  SystemdMode systemd;
  HealthCheck health;
  ContainerOptions options;
};

constexpr char kContainerRecordName[] = "record.json";

std::string write_container_record(const ContainerRecord& record);
// Corrupt names the member that is missing or of a wrong type.
Result<ContainerRecord> parse_container_record(std::string_view json);

// That a run has begun: containers/ID/run.json, written before the monitor is spawned and again
// when the command runs; not synced, since after a power cut the boot id differs anyway.
struct RunRecord {
  std::string boot_id;
  std::string unit;
  std::string control_group;      // "" until the scope is there
  std::int64_t started_usec = 0;  // 0 while starting
  int main_pid = 0;               // 0: not known
};

constexpr char kRunRecordName[] = "run.json";

std::string write_run_record(const RunRecord& record);
Result<RunRecord> parse_run_record(std::string_view json);

}  // namespace ambit::spec
