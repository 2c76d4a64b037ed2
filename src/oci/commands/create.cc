#include "oci/commands.h"
#include "oci/foreground.h"
#include "oci/launch.h"
#include "oci/session_keyring.h"

namespace ambit::oci {
namespace {

// Options that `create` and `run` share.
struct CreateOptions {
  LaunchOptions launch;
  bool no_pivot = false;
  bool no_new_keyring = false;
  Options options;

  CreateOptions() {
    options.text("bundle", 'b', launch.bundle)
        .text("config", 'f', launch.config)
        .text("console-socket", 0, launch.console_socket)
        .text("pid-file", 0, launch.pid_file)
        .number("preserve-fds", 0, launch.preserved_fds)
        .flag("no-pivot", 0, no_pivot)
        .flag("no-new-keyring", 0, no_new_keyring);
  }

  Result<void> apply() const {
    if (no_pivot)
      return Error(ErrorCode::Unsupported,
                   "--no-pivot: without pivot_root the host's root stays within reach");
    return no_new_keyring ? Result<void>() : join_container_keyring();
  }
};

}  // namespace

Result<int> run_create(const Context& context, const Arguments& arguments) {
  CreateOptions create;
  create.launch.id = AMBIT_TRY(only_id(create.options.parse(arguments), "create [OPTION...] ID"));
  AMBIT_TRY(create.apply());
  create.launch.until = Until::Created;
  AMBIT_TRY(launch(context, create.launch));
  return 0;
}

Result<int> run_run(const Context& context, const Arguments& arguments) {
  CreateOptions run;
  bool is_detached = false;
  bool keeps = false;
  bool no_subreaper = false;
  run.options.flag("detach", 'd', is_detached)
      .flag("keep", 0, keeps)
      .flag("no-subreaper", 0, no_subreaper);
  run.launch.id = AMBIT_TRY(only_id(run.options.parse(arguments), "run [OPTION...] ID"));
  AMBIT_TRY(run.apply());
  run.launch.until = Until::Executed;
  Launched launched = AMBIT_TRY(launch(context, run.launch));
  run_poststart_hooks(context, launched.state, launched.spec);
  if (is_detached) {
    launched.notify.wait_until_ready(launched.process.pidfd.get(), launched.state.pid);
    return 0;
  }
  // Others may change the container while it runs, and delete it.
  launched.folder.unlock();
  const auto status = attend(launched.process, std::move(launched.console), launched.notify);
  if (keeps) return status;
  const auto locked = launched.folder.lock();
  if (!locked && locked.error().code() == ErrorCode::NoSuchContainer) return status;
  AMBIT_TRY(locked);
  AMBIT_TRY(remove_container(context, launched.folder, launched.state));
  return status;
}

}  // namespace ambit::oci
