#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"
#include "oci/commands.h"
#include "oci/console.h"
#include "oci/environment.h"
#include "oci/foreground.h"
#include "oci/launch.h"
#include "oci/seccomp.h"
#include "oci/session_keyring.h"
#include "oci/status.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "os/path.h"
#include "sandbox/enter.h"

namespace ambit::oci {
namespace {

constexpr std::size_t kMaxProcessBytes = std::size_t{4} << 20;

struct ExecOptions {
  std::string id;
  Arguments command;
  std::string process_file;
  std::string console_socket;
  std::string pid_file;
  std::string cwd;
  Arguments env;
  std::string user;
  Arguments additional_gids;
  Arguments capabilities;
  std::string apparmor;
  std::string selinux_label;
  std::string cgroup;
  int preserved_fds = 0;
  bool has_terminal = false;
  bool no_new_privileges = false;
  bool is_detached = false;
  bool ignores_pause = false;
};

constexpr char kUsage[] = "usage: ambit-oci exec [OPTION...] ID COMMAND [ARGUMENT...]";

Result<ExecOptions> parse(const Arguments& arguments) {
  ExecOptions exec;
  Options options;
  options.text("process", 'p', exec.process_file)
      .text("console-socket", 0, exec.console_socket)
      .text("pid-file", 0, exec.pid_file)
      .text("cwd", 0, exec.cwd)
      .list("env", 'e', exec.env)
      .text("user", 'u', exec.user)
      .list("additional-gids", 'g', exec.additional_gids)
      .list("cap", 'c', exec.capabilities)
      .text("apparmor", 0, exec.apparmor)
      .text("process-label", 0, exec.selinux_label)
      .text("cgroup", 0, exec.cgroup)
      .number("preserve-fds", 0, exec.preserved_fds)
      .flag("tty", 't', exec.has_terminal)
      .flag("no-new-privs", 0, exec.no_new_privileges)
      .flag("detach", 'd', exec.is_detached)
      .flag("ignore-paused", 0, exec.ignores_pause);
  const Arguments others = AMBIT_TRY(options.parse(arguments, Order::OptionsFirst));
  if (others.empty()) return Error(ErrorCode::InvalidArgument, kUsage);
  exec.id = others.front();
  exec.command.assign(others.begin() + 1, others.end());
  if (exec.command.empty() == exec.process_file.empty())
    return Error(ErrorCode::InvalidArgument,
                 exec.command.empty() ? kUsage : "a command and --process exclude each other");
  return exec;
}

// "UID[:GID]"
Result<void> set_user(const std::string& text, spec::User& user) {
  const std::size_t colon = text.find(':');
  user.uid = static_cast<std::uint32_t>(AMBIT_TRY(parse_uint(text.substr(0, colon))));
  user.gid = 0;
  if (colon != std::string::npos)
    user.gid = static_cast<std::uint32_t>(AMBIT_TRY(parse_uint(text.substr(colon + 1))));
  user.additional_gids.clear();
  return {};
}

void add_capabilities(const Arguments& names, spec::Capabilities& sets) {
  for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted})
    set->insert(set->end(), names.begin(), names.end());
}

// The container's own process with what the options change.
Result<spec::ProcessSpec> from_options(const ExecOptions& exec, spec::ProcessSpec process) {
  process.args = exec.command;
  process.terminal = exec.has_terminal;
  process.console_size.reset();
  if (!exec.cwd.empty()) process.cwd = exec.cwd;
  for (const std::string& variable : exec.env) set_variable(process.env, variable);
  if (!exec.user.empty()) AMBIT_TRY(set_user(exec.user, process.user).context("--user"));
  for (const std::string& gid : exec.additional_gids)
    process.user.additional_gids.push_back(
        static_cast<std::uint32_t>(AMBIT_TRY(parse_uint(gid).context("--additional-gids"))));
  add_capabilities(exec.capabilities, process.capabilities);
  if (!exec.apparmor.empty()) process.apparmor_profile = exec.apparmor;
  if (!exec.selinux_label.empty()) process.selinux_label = exec.selinux_label;
  if (exec.no_new_privileges) process.no_new_privileges = true;
  return process;
}

Result<spec::ProcessSpec> plan_process(const ExecOptions& exec, const spec::RuntimeSpec& spec) {
  if (exec.process_file.empty()) return from_options(exec, spec.process);
  const std::string text = AMBIT_TRY(os::read_given_file(exec.process_file, kMaxProcessBytes));
  spec::ProcessSpec process = AMBIT_TRY(spec::parse_process_spec(text).context(exec.process_file));
  if (exec.has_terminal) process.terminal = true;
  return process;
}

Result<UniqueFd> open_running(const ExecOptions& exec, const StateFolder& folder,
                              const StoredState& state) {
  const Status status = AMBIT_TRY(status_of(folder, state));
  if (status == Status::Paused && !exec.ignores_pause)
    return Error(ErrorCode::NotRunning, "cannot exec in a paused container: " + exec.id);
  UniqueFd process = open_container_process(state);
  if (!process || status == Status::Stopped || status == Status::Creating)
    return Error(ErrorCode::NotRunning, "cannot exec in a stopped container: " + exec.id);
  return process;
}

// The cgroup below the container's that --cgroup names; empty without one.
Result<UniqueFd> open_sub_cgroup(const ExecOptions& exec, const StoredState& state) {
  if (exec.cgroup.empty()) return UniqueFd();
  if (state.cgroup.path.empty())
    return Error(ErrorCode::Unsupported, "--cgroup: the container has no cgroup of its own");
  const UniqueFd own = AMBIT_TRY(os::open_cgroup(state.cgroup.path));
  return os::open_in_root(own.get(), exec.cgroup).context("--cgroup " + exec.cgroup);
}

// Until its command runs; returns the terminal's master where it is the caller's.
Result<UniqueFd> follow(sandbox::Child& child, const std::string& console_socket) {
  UniqueFd console;
  for (;;) {
    sandbox::ChildEvent event = AMBIT_TRY(child.wait_event());
    if (event.kind == sandbox::ChildEventKind::Failed) return std::move(event.error);
    if (event.kind == sandbox::ChildEventKind::Executed) return console;
    console = std::move(event.console);
    if (console_socket.empty() || !console) continue;
    AMBIT_TRY(send_console(console_socket, console.get()));
    console.reset();
  }
}

}  // namespace

Result<int> run_exec(const Context& context, const Arguments& arguments) {
  const ExecOptions exec = AMBIT_TRY(parse(arguments));
  AMBIT_TRY(join_container_keyring());
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  const StateFolder folder = AMBIT_TRY(store.find(exec.id));
  const StoredState state = AMBIT_TRY(folder.state());
  const UniqueFd init = AMBIT_TRY(open_running(exec, folder, state));
  const spec::RuntimeSpec spec = AMBIT_TRY(folder.config());
  const spec::ProcessSpec process = AMBIT_TRY(plan_process(exec, spec));
  if (process.terminal && exec.is_detached && exec.console_socket.empty())
    return Error(ErrorCode::InvalidArgument,
                 "a detached command with a terminal needs --console-socket");
  const UniqueFd cgroup = AMBIT_TRY(open_sub_cgroup(exec, state));
  const SeccompPlan seccomp = AMBIT_TRY(plan_seccomp(spec));

  sandbox::ExecOptions options;
  options.pidfd = init.get();
  options.cgroup_fd = cgroup.get();
  options.placement = sandbox::ExecPlacement::OfCaller;
  options.process = &process;
  options.stdio = {
      .stdin_fd = STDIN_FILENO, .stdout_fd = STDOUT_FILENO, .stderr_fd = STDERR_FILENO};
  options.seccomp = seccomp.borrow();
  options.personality = spec.personality ? &*spec.personality : nullptr;
  options.lifetime = sandbox::Lifetime::Own;
  options.preserved_fds = exec.preserved_fds;
  options.state = make_state(state, Status::Running, spec);
  options.on_cloned = [&](pid_t pid) {
    return cgroup ? Result<void>() : join_cgroup(state.cgroup, pid, state.pid);
  };
  sandbox::Child child = AMBIT_TRY(sandbox::start_exec(options));
  UniqueFd console = AMBIT_TRY(follow(child, exec.console_socket));
  const os::Process started = child.take_process();
  AMBIT_TRY(write_pid_file(exec.pid_file, started.pid));
  if (exec.is_detached) return 0;
  return attend(started, std::move(console));
}

}  // namespace ambit::oci
