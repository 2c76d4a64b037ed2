#include "oci/launch.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "oci/clock.h"
#include "oci/console.h"
#include "oci/environment.h"
#include "oci/seccomp.h"
#include "oci/status.h"
#include "os/clone.h"
#include "os/file.h"
#include "os/socket.h"
#include "sandbox/child.h"
#include "sandbox/hooks.h"

namespace ambit::oci {
namespace {

// Everything that is alive while a container is made.
struct Launch {
  const Context& context;
  const LaunchOptions& options;
  Bundle bundle;
  StateFolder folder;
  StoredState state;
  UniqueFd start_socket;
  std::optional<CgroupStart> cgroup;
  UniqueFd console;
  NotifyProxy notify;
  int passed_sockets = 0;
};

Result<void> check_terminal(const LaunchOptions& options, const spec::ProcessSpec& process) {
  const bool is_detached = options.until == Until::Created;
  if (process.terminal && is_detached && options.console_socket.empty())
    return Error(ErrorCode::InvalidArgument,
                 "process.terminal: a detached container needs --console-socket");
  if (!process.terminal && !options.console_socket.empty())
    return Error(ErrorCode::InvalidArgument,
                 "--console-socket: the container has no terminal (process.terminal)");
  return {};
}

// The process has a number, and waits: from here on `delete` finds it, whatever becomes of us.
Result<void> on_cloned(Launch& launch, pid_t pid) {
  launch.state.pid = pid;
  launch.state.start_ticks = AMBIT_TRY(start_ticks(pid));
  launch.state.cgroup = launch.cgroup->planned();
  AMBIT_TRY(launch.folder.write_state(launch.state));
  return launch.cgroup->attach(pid);
}

Result<sandbox::Child> start_child(Launch& launch, const SeccompPlan& seccomp) {
  sandbox::StartOptions options;
  options.spec = &launch.bundle.spec;
  options.stdio = {
      .stdin_fd = STDIN_FILENO, .stdout_fd = STDOUT_FILENO, .stderr_fd = STDERR_FILENO};
  options.seccomp = seccomp.borrow();
  options.lifetime = sandbox::Lifetime::Own;
  options.start_socket_fd = launch.start_socket.get();
  options.preserved_fds = launch.options.preserved_fds + launch.passed_sockets;
  options.state = make_state(launch.state, Status::Creating, launch.bundle.spec);
  options.cgroup_fd = launch.cgroup->clone_fd();
  options.on_cloned = [&launch](pid_t pid) { return on_cloned(launch, pid); };
  return sandbox::Child::start(options);
}

Result<void> run_outer_hooks(Launch& launch) {
  const spec::Hooks& hooks = launch.bundle.spec.hooks;
  const auto state_as = [&launch](Status status) {
    return spec::write_state(make_state(launch.state, status, launch.bundle.spec));
  };
  // The older kind was defined as being run by `start`, and its hooks expect a container that was
  // created.
  AMBIT_TRY(sandbox::run_hooks(hooks.prestart, "prestart", state_as(Status::Created)));
  return sandbox::run_hooks(hooks.create_runtime, "createRuntime", state_as(Status::Creating));
}

Result<void> on_ready(Launch& launch, sandbox::Child& child, UniqueFd console) {
  launch.state.cgroup = AMBIT_TRY(launch.cgroup->finish());
  if (!launch.cgroup->warning().empty())
    write_log(launch.context.log, LogLevel::Warning, launch.cgroup->warning());
  AMBIT_TRY(launch.folder.write_state(launch.state));
  if (console && !launch.options.console_socket.empty())
    AMBIT_TRY(send_console(launch.options.console_socket, console.get()));
  else
    launch.console = std::move(console);
  return child.go();
}

// Until the process is where it is to be.
Result<void> follow(Launch& launch, sandbox::Child& child) {
  for (;;) {
    sandbox::ChildEvent event = AMBIT_TRY(child.wait_event());
    switch (event.kind) {
      case sandbox::ChildEventKind::Mounted:
        AMBIT_TRY(run_outer_hooks(launch));
        AMBIT_TRY(child.hooks_run());
        break;
      case sandbox::ChildEventKind::Ready:
        AMBIT_TRY(on_ready(launch, child, std::move(event.console)));
        break;
      case sandbox::ChildEventKind::Created:
      case sandbox::ChildEventKind::Executed:
        return {};
      case sandbox::ChildEventKind::Failed:
        return std::move(event.error);
    }
  }
}

Result<os::Process> build(Launch& launch) {
  const spec::RuntimeSpec& spec = launch.bundle.spec;
  AMBIT_TRY(launch.folder.write_config(spec));
  // Not in what is kept: the commands of exec have nothing to say.
  AMBIT_TRY(launch.notify.add_to(launch.folder, launch.bundle.spec));
  if (launch.options.until == Until::Executed) AMBIT_TRY(launch.notify.listen(launch.folder));
  const SeccompPlan seccomp = AMBIT_TRY(plan_seccomp(spec));
  launch.cgroup = AMBIT_TRY(CgroupStart::prepare({
      .container_id = launch.options.id,
      .cgroups_path = spec.cgroups_path,
      .manager = launch.context.manager,
      .resources = spec.resources ? &*spec.resources : nullptr,
      .annotations = &spec.annotations,
  }));
  if (launch.options.until == Until::Created)
    launch.start_socket =
        AMBIT_TRY(os::listen_packets(launch.folder.fd(), StateFolder::kStartSocket));
  sandbox::Child child = AMBIT_TRY(start_child(launch, seccomp));
  AMBIT_TRY(follow(launch, child));
  launch.state.created = utc_now(Precision::Nanoseconds);
  AMBIT_TRY(launch.folder.write_state(launch.state));
  AMBIT_TRY(write_pid_file(launch.options.pid_file, launch.state.pid));
  return child.take_process();
}

void undo(const Launch& launch, const StateStore& store) {
  // Told by the error that led here; what can't be removed now `delete --force` still finds.
  (void)destroy_cgroup(launch.state.cgroup);
  (void)store.remove(launch.options.id);
  if (launch.state.pid == 0) return;
  const spec::RuntimeSpec& spec = launch.bundle.spec;
  (void)sandbox::run_all_hooks(spec.hooks.poststop, "poststop",
                               spec::write_state(make_state(launch.state, Status::Stopped, spec)));
}

}  // namespace

Result<Launched> launch(const Context& context, const LaunchOptions& options) {
  Bundle bundle = AMBIT_TRY(load_bundle(options.bundle, options.config));
  AMBIT_TRY(check_terminal(options, bundle.spec.process));
  const int passed_sockets = AMBIT_TRY(pass_sockets_on(bundle.spec.process));
  const StateStore store = AMBIT_TRY(StateStore::open(context.root));
  StateFolder folder = AMBIT_TRY(store.create(options.id));
  Launch launch = {.context = context,
                   .options = options,
                   .bundle = std::move(bundle),
                   .folder = std::move(folder),
                   .passed_sockets = passed_sockets};
  launch.notify = NotifyProxy::of_caller();
  launch.state.id = options.id;
  launch.state.bundle = launch.bundle.path;
  launch.state.owner = ::geteuid();
  auto process = build(launch);
  launch.cgroup.reset();
  if (!process) {
    undo(launch, store);
    return std::move(process).error();
  }
  return Launched{.folder = std::move(launch.folder),
                  .spec = std::move(launch.bundle.spec),
                  .state = std::move(launch.state),
                  .process = *std::move(process),
                  .console = std::move(launch.console),
                  .notify = std::move(launch.notify)};
}

Result<void> write_pid_file(const std::string& path, pid_t pid) {
  if (path.empty()) return {};
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd dir = AMBIT_TRY(os::open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY));
  return os::write_file_atomic(dir.get(),
                               slash == std::string::npos ? path : path.substr(slash + 1),
                               std::to_string(pid), os::Durability::Crash, 0644)
      .context("pid file " + path);
}

}  // namespace ambit::oci
