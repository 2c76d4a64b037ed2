#include "sandbox/container.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/strings.h"
#include "os/procfs.h"
#include "sandbox/console.h"
#include "sandbox/devices.h"
#include "sandbox/hooks.h"
#include "sandbox/idmapped.h"
#include "sandbox/init.h"
#include "sandbox/masks.h"
#include "sandbox/mounts.h"
#include "sandbox/rootfs.h"
#include "sandbox/scheduling.h"
#include "sandbox/security_label.h"
#include "sandbox/system.h"
#include "sandbox/user_lookup.h"

namespace ambit::sandbox {
namespace {

using spec::NamespaceType;

constexpr mode_t kSetupUmask = 022;

// What the child holds while it builds the container.
struct Container {
  const ContainerPlan* plan = nullptr;
  MountContext mount_context;
  std::vector<OpenedMount> mounts;
  HostDevices devices;
  UniqueFd null;
  UniqueFd root;
  std::optional<Masks> masks;
  Console console;  // empty without a terminal
  ContainerUser user;
  spec::State state;  // for hooks
};

// Written while the process is dumpable, that is, before it changes its ids.
Result<void> write_proc_settings(const spec::RuntimeSpec& spec) {
  if (spec.sysctl.empty() && !spec.process.oom_score_adj) return {};
  UniqueFd procfs =
      AMBIT_TRY(has_namespace(spec, NamespaceType::Pid) ? os::new_procfs() : os::open_procfs());
  if (spec.process.oom_score_adj)
    AMBIT_TRY(set_oom_score_adj(procfs.get(), *spec.process.oom_score_adj));
  return write_sysctls(procfs.get(), spec);
}

// What only the user's own ids, groups and view of the host give: sources, layers, devices.
Result<void> open_outside(Container& container) {
  const ContainerPlan& plan = *container.plan;
  AMBIT_TRY(stop_propagation_to_host());
  AMBIT_TRY(write_proc_settings(*plan.spec));
  container.mounts = AMBIT_TRY(open_sources(plan.mounts, container.mount_context));
  container.devices = AMBIT_TRY(open_host_devices(plan.spec->devices));
  container.null = AMBIT_TRY(open_null(container.devices));
  container.root = AMBIT_TRY(make_root(*plan.spec));
  return {};
}

// Where the container's root is another id than the user's (a spec with maps of its own), what is
// made from here on should belong to it. The groups go later, with the rest (privileges.h). Without
// an id 0 inside, the process stays what it is.
Result<void> become_root(const ContainerPlan& plan) {
  if (!is_mapped(plan.id_maps.uids, 0) || !is_mapped(plan.id_maps.gids, 0)) return {};
  if (::setresgid(0, 0, 0) < 0) return Error::from_errno(errno, "setresgid 0");
  if (::setresuid(0, 0, 0) < 0) return Error::from_errno(errno, "setresuid 0");
  return {};
}

Result<void> build_root(Container& container) {
  const ContainerPlan& plan = *container.plan;
  const int root = container.root.get();
  container.masks = AMBIT_TRY(Masks::create());
  AMBIT_TRY(cover_host_root(root));
  AMBIT_TRY(mount_all(root, container.mounts, container.mount_context));
  const UniqueFd dev = AMBIT_TRY(open_dev(root, plan.mounts));
  if (dev) AMBIT_TRY(fill_dev(dev.get(), container.devices));
  AMBIT_TRY(make_devices(root, plan.spec->devices, container.devices));
  if (plan.spec->process.terminal) {
    container.console = AMBIT_TRY(open_console(root, plan.spec->process.console_size));
    if (dev) AMBIT_TRY(bind_console(dev.get(), container.console));
  }
  AMBIT_TRY(make_readonly(root, *plan.spec));
  return container.masks->cover(root, *plan.spec);
}

Result<void> set_up_system(const spec::RuntimeSpec& spec) {
  if (!spec.hostname.empty() && has_namespace(spec, NamespaceType::Uts))
    AMBIT_TRY(set_hostname(spec.hostname));
  if (!spec.domainname.empty() && has_namespace(spec, NamespaceType::Uts))
    AMBIT_TRY(set_domainname(spec.domainname));
  if (has_new_namespace(spec, NamespaceType::Network)) AMBIT_TRY(bring_up_loopback());
  return {};
}

// The hooks that see the container built, and the host's root: the parent's first, then those that
// are run in here.
Result<void> run_hooks_before_entering(const Container& container, ChildChannel& channel) {
  const spec::Hooks& hooks = container.plan->spec->hooks;
  if (!hooks.prestart.empty() || !hooks.create_runtime.empty()) {
    channel.enter_stage("waiting for the runtime's hooks");
    AMBIT_TRY(channel.send({.word = ChildWord::Mounted}));
    AMBIT_TRY(channel.wait_for(ParentWord::HooksRun));
  }
  if (hooks.create_container.empty()) return {};
  channel.enter_stage("running the hooks before the root is entered");
  return run_hooks(hooks.create_container, "createContainer", spec::write_state(container.state));
}

Result<void> report_ready(Container& container, ChildChannel& channel) {
  AMBIT_TRY(channel.send({.word = ChildWord::Ready}, container.console.master.get()));
  container.console.master.reset();
  return {};
}

// The parent has moved the process into its final cgroup, which becomes the namespace's root.
Result<void> finish_with_cgroup(Container& container) {
  const spec::RuntimeSpec& spec = *container.plan->spec;
  if (has_new_namespace(spec, NamespaceType::Cgroup))
    AMBIT_TRY(os::unshare(CLONE_NEWCGROUP, "cgroup namespace"));
  AMBIT_TRY(mount_cgroups(container.root.get(), container.mounts, container.mount_context));
  AMBIT_TRY(finish_mounts(container.mounts));
  return finish_root(container.root.get(), spec);
}

Result<void> take_streams(Container& container) {
  if (container.console.slave) return take_console(container.console, container.user.uid);
  return connect_stdio(container.plan->stdio, container.null.get(), container.user.uid);
}

Result<void> learn_pid(Container& container, const std::string& text) {
  container.state = container.plan->state;
  container.state.status = "creating";
  container.state.pid = static_cast<pid_t>(AMBIT_TRY(parse_int(text)));
  return {};
}

// The chapters, in an order that matters: what needs the host comes before it is gone, what needs
// the cgroup after the parent's go.
Result<void> set_up(Container& container, ChildChannel& channel) {
  const ContainerPlan& plan = *container.plan;
  AMBIT_TRY(channel.die_with_parent());
  const std::string pid = AMBIT_TRY(channel.wait_for(ParentWord::Mapped));
  AMBIT_TRY(learn_pid(container, pid));
  (void)::umask(kSetupUmask);

  channel.enter_stage("opening the container's root and the sources of its mounts");
  AMBIT_TRY(open_outside(container));
  AMBIT_TRY(become_root(plan));
  AMBIT_TRY(channel.die_with_parent());

  channel.enter_stage("mounting");
  AMBIT_TRY(build_root(container));
  AMBIT_TRY(run_hooks_before_entering(container, channel));
  channel.enter_stage("entering the container's root");
  AMBIT_TRY(enter_root(container.root.get()));

  channel.enter_stage("setting up the container's system");
  AMBIT_TRY(set_up_system(*plan.spec));
  container.user =
      AMBIT_TRY(find_user(container.root.get(), plan.spec->ambit.user, plan.spec->process.user));
  AMBIT_TRY(enter_working_folder(container.root.get(), plan.spec->process.cwd));

  channel.enter_stage("waiting for go");
  AMBIT_TRY(report_ready(container, channel));
  AMBIT_TRY(channel.wait_for(ParentWord::Go));
  channel.enter_stage("entering the container's cgroup");
  AMBIT_TRY(finish_with_cgroup(container));
  return take_streams(container);
}

// A network namespace that was joined may belong to a user namespace above the container's own.
bool owns_network(const spec::RuntimeSpec& spec) {
  if (has_new_namespace(spec, NamespaceType::Network)) return true;
  return has_namespace(spec, NamespaceType::Network) && !has_namespace(spec, NamespaceType::User);
}

Result<void> check(const spec::RuntimeSpec& spec) {
  if (spec.process.args.empty() || spec.process.args.front().empty())
    return Error(ErrorCode::InvalidArgument, "no command given");
  if (!has_namespace(spec, NamespaceType::User) && ::geteuid() != 0)
    return Error(ErrorCode::InvalidArgument,
                 "without a user namespace only root can make a container");
  if (!spec.rootfs_propagation.empty()) AMBIT_TRY(parse_propagation(spec.rootfs_propagation));
  AMBIT_TRY(check_scheduling(spec.process));
  if (spec.personality) AMBIT_TRY(check_personality(*spec.personality));
  if (spec.has_intel_rdt)
    return Error(ErrorCode::Unsupported, "intelRdt: resctrl is no file system of an ordinary user");
  return check_security_labels(spec.process);
}

Result<ProcessPlan> plan_process(const StartOptions& options, const IdMaps& id_maps) {
  const spec::RuntimeSpec& spec = *options.spec;
  ProcessPlan plan;
  plan.process = &spec.process;
  plan.personality = spec.personality ? &*spec.personality : nullptr;
  plan.capabilities = AMBIT_TRY(capability_bits(spec.process.capabilities));
  plan.setgroups = id_maps.setgroups_allowed ? Setgroups::Allowed : Setgroups::Denied;
  plan.seccomp = options.seccomp;
  plan.preserved_fds = options.preserved_fds;
  plan.lifetime = options.lifetime;
  return plan;
}

}  // namespace

Result<ContainerPlan> plan_container(const StartOptions& options) {
  const spec::RuntimeSpec& spec = *options.spec;
  AMBIT_TRY(check(spec));
  ContainerPlan plan;
  plan.spec = options.spec;
  plan.stdio = options.stdio;
  plan.state = options.state;
  plan.start_socket_fd = options.start_socket_fd;
  plan.namespaces = AMBIT_TRY(plan_namespaces(spec, options.given));
  plan.given = options.given;
  plan.id_maps = AMBIT_TRY(plan_id_maps(spec, plan.namespaces));
  plan.mounts = AMBIT_TRY(plan_mounts(spec.mounts));
  plan.idmapped = AMBIT_TRY(open_idmapped(plan.mounts, plan.id_maps));
  plan.process = AMBIT_TRY(plan_process(options, plan.id_maps));
  if (spec.ambit.init) {
    plan.init_program = AMBIT_TRY(open_init_program());
    plan.process.init_fd = plan.init_program.get();
  }
  return plan;
}

void run_container(ContainerPlan& plan, ChildChannel& channel) {
  Container container;
  container.plan = &plan;
  container.mount_context = {.id_maps = &plan.id_maps,
                             .idmapped = &plan.idmapped,
                             .given = &plan.given,
                             .own_network = owns_network(*plan.spec),
                             .own_cgroup = has_namespace(*plan.spec, NamespaceType::Cgroup)};
  if (auto ready = set_up(container, channel); !ready) channel.fail(ready.error());
  ProcessPlan process = plan.process;
  if (process.seccomp.listener_fd >= 0)
    process.listener_message = spec::write_container_process_state(
        container.state, container.state.pid, process.seccomp.listener_metadata);
  container.state.status = "created";
  const DeferredStart start = {.socket_fd = plan.start_socket_fd,
                               .hooks = &plan.spec->hooks.start_container,
                               .state = &container.state};
  channel.fail(run_process(process, container.user, start, channel));
}

}  // namespace ambit::sandbox
