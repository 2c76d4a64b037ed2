#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/strings.h"
#include "bus/bus.h"
#include "bus/event_loop.h"
#include "engine/host_checks.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "systemd/delegation.h"
#include "systemd/journal_reader.h"
#include "systemd/login_client.h"
#include "systemd/manager_client.h"
#include "systemd/unit_file.h"

namespace ambit::engine {
namespace {

constexpr std::chrono::milliseconds kJournalPatience{3000};
constexpr char kNoUnifiedHierarchy[] =
    "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line";

struct UserManager {
  std::string version;
  std::string interfaces;  // its introspection
};

Result<UserManager> ask_user_manager() {
  bus::EventLoop loop = AMBIT_TRY(bus::EventLoop::create());
  bus::Bus bus = AMBIT_TRY(bus::Bus::open_user());
  const auto client = AMBIT_TRY(systemd::ManagerClient::create(bus, loop));
  UserManager manager;
  manager.version = AMBIT_TRY(client->version_now());
  bus::Message call =
      AMBIT_TRY(bus.new_call({systemd::kManagerService, systemd::kManagerPath,
                              "org.freedesktop.DBus.Introspectable", "Introspect"}));
  bus::Message answer = AMBIT_TRY(bus.call(call));
  manager.interfaces = AMBIT_TRY(answer.read<std::string>());
  return manager;
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// Of the cgroup that the user's manager was given.
Result<std::vector<std::string>> delegated_controllers(uid_t uid) {
  const auto number = static_cast<unsigned>(uid);
  const std::string path = strf(
      "/sys/fs/cgroup/user.slice/user-%u.slice/user@%u.service/cgroup.controllers", number, number);
  const std::string text = AMBIT_TRY(os::read_file_at(AT_FDCWD, path, 4096));
  return split(trim(text), ' ');
}

}  // namespace

HostCheck check_cgroup(const HostContext&) {
  const auto own = os::cgroup_of(::getpid());
  if (!own) return missing(own.error().message(), kNoUnifiedHierarchy);
  auto folder = os::open_cgroup(*own);
  if (!folder) return missing(folder.error().message(), kNoUnifiedHierarchy);
  // The root has none; a process in it is no user's.
  if (*own != "/" && ::faccessat(folder->get(), "cgroup.kill", F_OK, 0) != 0)
    return missing("cgroup.kill is missing", "run Linux 5.14 or newer");
  return found("version 2 at /sys/fs/cgroup");
}

HostCheck check_user_manager(const HostContext& context) {
  const auto manager = ask_user_manager();
  if (!manager)
    return missing(manager.error().message(),
                   "install dbus-user-session and log in through systemd-logind (ssh, a console, "
                   "machinectl shell " +
                       context.user + "@)");
  for (const char* method : {"StartTransientUnit", "UnrefUnit", "FreezeUnit"})
    if ((*manager).interfaces.find(std::string("\"") + method + "\"") == std::string::npos)
      return missing(strf("systemd %s has no %s", (*manager).version.c_str(), method),
                     "run systemd 252 or newer");
  return found("systemd " + (*manager).version);
}

HostCheck check_linger(const HostContext& context) {
  const std::string enable = "loginctl enable-linger " + context.user;
  const auto lingers = systemd::user_lingers(context.uid);
  if (!lingers) return warning("not known: " + lingers.error().message(), enable);
  if (*lingers) return found("containers outlive your last session");
  return warning("containers are stopped when your last session ends", enable);
}

// No warning: most containers have no policy that needs it.
HostCheck check_boot(const HostContext&) {
  const auto ask = []() -> Result<std::string> {
    bus::Bus bus = AMBIT_TRY(bus::Bus::open_user());
    return systemd::unit_file_state(bus, "ambit.service");
  };
  const auto state = ask();
  if (!state) return warning("not known: " + state.error().message(), "");
  if ((*state).rfind("enabled", 0) == 0)
    return found("containers with --restart always or unless-stopped start with your user manager");
  const std::string enable = "systemctl --user enable ambit.service";
  HostCheck check = found(
      "containers with a restart policy start with your first ambit command; to start them "
      "with your user manager: " +
      enable);
  check.fix = enable;
  return check;
}

HostCheck check_controllers(const HostContext& context) {
  const std::string drop_in = systemd::delegation_fix();
  const auto controllers = delegated_controllers(context.uid);
  if (!controllers)
    return warning("not known, so limits may have no effect: " + controllers.error().message(), "");
  std::vector<std::string> absent;
  std::vector<std::string> optional;
  for (const char* name : {"cpu", "memory", "pids"})
    if (!contains(*controllers, name)) absent.emplace_back(name);
  for (const char* name : {"cpuset", "io"})
    if (!contains(*controllers, name)) optional.emplace_back(name);
  if (!absent.empty())
    return warning("not delegated to the user manager: " + join(absent, ", ") +
                       "; limits of that kind can't be set",
                   drop_in);
  HostCheck check = found(join(*controllers, ", "));
  if (!optional.empty()) check.detail += strf("; not %s", join(optional, ", ").c_str());
  if (!optional.empty()) check.fix = "only where you want them, " + drop_in;
  return check;
}

HostCheck check_journal(const HostContext& context) {
  const auto readable = systemd::probe_journal(kJournalPatience);
  if (readable) return found("records of " + context.user + " can be read back");
  return warning(readable.error().message(), "usermod -a -G systemd-journal " + context.user +
                                                 ", or Storage=persistent in journald.conf");
}

}  // namespace ambit::engine
