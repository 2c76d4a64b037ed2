#include "cli/create_flags.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "base/signals.h"
#include "base/strings.h"
#include "bus/utf8.h"
#include "cli/environment.h"
#include "cli/exposed_sockets.h"
#include "cli/json_text.h"
#include "cli/mount_argument.h"
#include "cli/pod_flags.h"
#include "cli/time_text.h"
#include "cli/ulimit.h"
#include "os/file.h"

namespace ambit::cli {
namespace {

using MountRow = std::tuple<std::string, std::string, std::string, std::vector<std::string>>;
using UlimitRow = std::tuple<std::string, std::uint64_t, std::uint64_t>;

Result<std::vector<MountRow>> mount_rows(const CreateFlags& flags) {
  std::vector<MountArgument> mounts;
  for (const std::string& text : flags.volumes) mounts.push_back(AMBIT_TRY(parse_volume(text)));
  for (const std::string& text : flags.mounts) mounts.push_back(AMBIT_TRY(parse_mount(text)));
  for (const std::string& text : flags.tmpfs) mounts.push_back(AMBIT_TRY(parse_tmpfs(text)));
  std::vector<MountRow> rows;
  warn_of_exposed_sockets(mounts);
  for (MountArgument& mount : mounts) {
    AMBIT_TRY(check_text("mount source", {mount.source}));
    AMBIT_TRY(check_text("mount destination", {mount.destination}));
    rows.emplace_back(std::move(mount.type), std::move(mount.source), std::move(mount.destination),
                      std::move(mount.options));
  }
  return rows;
}

Result<std::vector<UlimitRow>> ulimit_rows(const CreateFlags& flags) {
  std::vector<UlimitRow> rows;
  for (const std::string& text : flags.ulimits) {
    Ulimit limit = AMBIT_TRY(parse_ulimit(text));
    rows.emplace_back(std::move(limit.name), limit.soft, limit.hard);
  }
  return rows;
}

// Files first: what was given with -e goes over them, in any order of flags.
Result<std::vector<std::string>> environment(const CreateFlags& flags) {
  std::vector<std::string> all;
  for (const std::string& path : flags.environment_files)
    AMBIT_TRY(add_environment_file(path, all).context("--env-file"));
  for (const std::string& text : flags.environment)
    AMBIT_TRY(add_environment(text, all).context("--env"));
  AMBIT_TRY(check_text("environment variable", all));
  return all;
}

Result<void> set_stop(const CreateFlags& flags, bus::OptionWriter& options) {
  if (flags.stop_signal) {
    AMBIT_TRY(parse_signal(*flags.stop_signal).context("--stop-signal"));
    options.set("StopSignal", *flags.stop_signal);
  }
  if (flags.stop_timeout) {
    const std::int64_t usec =
        AMBIT_TRY(parse_duration(*flags.stop_timeout).context("--stop-timeout"));
    options.set("StopTimeoutUSec", static_cast<std::uint64_t>(usec));
  }
  if (flags.timeout) {
    const std::int64_t usec = AMBIT_TRY(parse_duration(*flags.timeout).context("--timeout"));
    options.set("RuntimeMaxUSec", static_cast<std::uint64_t>(usec));
  }
  return {};
}

void set_text(bus::OptionWriter& options, const char* key,
              const std::optional<std::string>& value) {
  if (value) options.set(key, *value);
}

void set_list(bus::OptionWriter& options, const char* key, const std::vector<std::string>& list) {
  if (!list.empty()) options.set(key, list);
}

void set_flag(bus::OptionWriter& options, const char* key, const bool& value) {
  if (value) options.set(key, true);
}

}  // namespace

void add_create_flags(Parser& parser, CreateFlags& flags) {
  parser.value("--name", flags.name, "NAME", "name of the container; one is made up otherwise");
  parser.flag("--rm", flags.remove, "remove the container when it has exited");
  parser.flag("-i,--interactive", flags.interactive, "connect standard input");
  parser.flag("-t,--tty", flags.terminal, "give the command a terminal");
  parser.list("-e,--env", flags.environment, "KEY[=VALUE]",
              "set a variable; KEY alone takes the caller's value");
  parser.list("--env-file", flags.environment_files, "FILE", "read variables from a file");
  parser.value("-w,--workdir", flags.workdir, "DIR", "folder the command starts in");
  parser.value("-u,--user", flags.user, "USER[:GROUP]", "names or numbers of the image");
  parser.list("-v,--volume", flags.volumes, "SRC:DST[:OPTIONS]", "bind mount; ro, rslave, ...");
  parser.list("--mount", flags.mounts, "type=TYPE,...", "bind mount or tmpfs, in words");
  parser.list("--tmpfs", flags.tmpfs, "DST[:OPTIONS]", "mount a tmpfs; size=64m, mode=1777");
  parser.flag("--read-only", flags.read_only, "make the root file system read-only");
  parser.value("--entrypoint", flags.entrypoint, "PROGRAM", "replace the image's entrypoint");
  parser.value("-h,--hostname", flags.hostname, "NAME", "host name; default: the short ID");
  parser.list("-l,--label", flags.labels, "KEY[=VALUE]", "set a label");
  parser.value("--stop-signal", flags.stop_signal, "SIGNAL", "signal that stops it");
  parser.value("--stop-timeout", flags.stop_timeout, "SECONDS", "time to stop before it is killed");
  parser.value("--timeout", flags.timeout, "SECONDS", "stop it when it has run for so long");
  parser.list("--cap-add", flags.cap_add, "CAP", "add a capability");
  parser.list("--cap-drop", flags.cap_drop, "CAP", "drop a capability; ALL for all");
  parser.list("--security-opt", flags.security_options, "OPTION",
              "seccomp=unconfined, no-new-privileges=false");
  parser.list("--ulimit", flags.ulimits, "NAME=SOFT[:HARD]", "resource limit of its processes");
  parser.flag("--init", flags.init, "run a small init as PID 1 that reaps orphans");
  parser.value("--sdnotify", flags.sdnotify, "MODE",
               "when it is ready: conmon (when it runs), container (when it says READY=1), "
               "healthy (when its health check passes), ignore");
  parser.value("--restart", flags.restart, "POLICY",
               "no (default), on-failure[:RETRIES], always or unless-stopped");
  add_create_limit_flags(parser, flags.limits);
  add_health_flags(parser, flags.health);
  parser.value("--systemd", flags.systemd, "WHEN",
               "true (default: where the command is systemd), false or always");
  parser.value("--network,--net", flags.network, "NETWORK", "none (default) or host");
  parser.value("--pod", flags.pod, "POD",
               "put it into a pod, which it shares namespaces with; new:POD makes one first");
  parser.value("--pull", flags.pull, "WHEN",
               "from its registry: missing (default), always, newer, never");
  add_registry_flags(parser, flags.registry);
  parser.flag("-q,--quiet", flags.registry.quiet, "don't show how the image is pulled");
  add_log_flags(parser, flags.log);
  parser.value("--cidfile", flags.cidfile, "FILE", "write the container's ID to a new file");
}

Result<bus::OptionWriter> create_options(const CreateFlags& flags) {
  bus::OptionWriter options;
  if (flags.pull) (void)AMBIT_TRY(parse_pull_policy(*flags.pull));
  if (flags.entrypoint) options.set("Entrypoint", AMBIT_TRY(parse_entrypoint(*flags.entrypoint)));
  set_list(options, "Environment", AMBIT_TRY(environment(flags)));
  set_text(options, "WorkingDirectory", flags.workdir);
  set_text(options, "User", flags.user);
  set_text(options, "Hostname", flags.hostname);
  if (!flags.labels.empty()) {
    std::map<std::string, std::string> labels;
    for (const std::string& text : flags.labels)
      AMBIT_TRY(add_label(text, labels).context("--label"));
    options.set("Labels", std::move(labels));
  }
  AMBIT_TRY(set_stop(flags, options));
  set_flag(options, "Terminal", flags.terminal);
  set_flag(options, "Init", flags.init);
  set_flag(options, "AutoRemove", flags.remove);
  set_flag(options, "ReadOnly", flags.read_only);
  if (auto mounts = AMBIT_TRY(mount_rows(flags)); !mounts.empty())
    options.set("Mounts", std::move(mounts));
  set_list(options, "CapabilitiesAdd", flags.cap_add);
  set_list(options, "CapabilitiesDrop", flags.cap_drop);
  set_list(options, "SecurityOptions", flags.security_options);
  if (auto limits = AMBIT_TRY(ulimit_rows(flags)); !limits.empty())
    options.set("Ulimits", std::move(limits));
  set_text(options, "SdNotify", flags.sdnotify);
  set_text(options, "RestartPolicy", flags.restart);
  AMBIT_TRY(set_limit_options(flags.limits, options));
  AMBIT_TRY(set_health_options(flags.health, options));
  set_text(options, "Network", flags.network);
  set_text(options, "Systemd", flags.systemd);
  AMBIT_TRY(set_log_options(flags.log, options));
  if (flags.pod) options.set("Pod", pod_name(*flags.pod));
  return options;
}

Result<void> append_image_and_command(bus::Message& message, const CreateFlags& flags,
                                      const std::vector<std::string>& arguments) {
  const std::vector<std::string> command(arguments.begin() + 1, arguments.end());
  AMBIT_TRY(check_text("argument", command));
  return message.append(flags.name.value_or(""), arguments.front(), command);
}

Result<std::vector<std::string>> parse_entrypoint(const std::string& text) {
  if (text.empty()) return std::vector<std::string>();
  if (text.front() != '[') return std::vector<std::string>{text};
  return parse_json_words(text).context("--entrypoint '" + text + "'");
}

Result<void> check_text(const char* what, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (bus::valid_utf8(word) != word)
      return Error(ErrorCode::InvalidArgument, strf("%s '%s': not UTF-8, which D-Bus can't carry",
                                                    what, bus::valid_utf8(word).c_str()));
  return {};
}

Result<void> check_cidfile(const CreateFlags& flags) {
  if (!flags.cidfile || ::access(flags.cidfile->c_str(), F_OK) != 0) return {};
  return Error(ErrorCode::AlreadyExists,
               "--cidfile '" + *flags.cidfile + "': the file exists; remove it, or choose another");
}

Result<void> write_cidfile(const CreateFlags& flags, const std::string& id) {
  if (!flags.cidfile) return {};
  const UniqueFd file =
      AMBIT_TRY(os::open_at(AT_FDCWD, *flags.cidfile, O_WRONLY | O_CREAT | O_EXCL, 0644)
                    .context("--cidfile"));
  return os::write_all(file.get(), id).context("--cidfile '" + *flags.cidfile + "'");
}

Error explain_missing_image(Error error) {
  if (error.code() != ErrorCode::NoSuchImage) return error;
  return Error(ErrorCode::NoSuchImage, error.message() + " (to fetch it: ambit pull)");
}

}  // namespace ambit::cli
