#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "oci/commands.h"
#include "os/file.h"
#include "sandbox/default_spec.h"

namespace ambit::oci {
namespace {

constexpr char kFile[] = "config.json";

// One that an ordinary user can start as it is, with other runtimes too: root inside is the user
// himself, and the group of terminals is not there.
void map_own_ids(spec::RuntimeSpec& spec) {
  spec.uid_mappings = {{.container_id = 0, .host_id = ::geteuid(), .size = 1}};
  spec.gid_mappings = {{.container_id = 0, .host_id = ::getegid(), .size = 1}};
  for (spec::Mount& mount : spec.mounts)
    if (mount.type == "devpts") std::erase(mount.options, "gid=5");
}

spec::RuntimeSpec make_spec() {
  spec::RuntimeSpec spec = sandbox::default_spec();
  spec.root_path = "rootfs";
  spec.root_readonly = true;
  spec.hostname = "ambit";
  spec.process.terminal = true;
  spec.process.args = {"sh"};
  spec.process.env.push_back("TERM=xterm");
  spec.process.rlimits = {{.type = "RLIMIT_NOFILE", .hard = 1024, .soft = 1024}};
  return spec;
}

void leave_out_user_namespace(spec::RuntimeSpec& spec) {
  std::erase_if(spec.namespaces,
                [](const spec::Namespace& item) { return item.type == spec::NamespaceType::User; });
}

}  // namespace

Result<int> run_spec(const Context&, const Arguments& arguments) {
  std::string bundle = ".";
  bool rootless = ::geteuid() != 0;
  Options options;
  options.text("bundle", 'b', bundle).flag("rootless", 0, rootless);
  AMBIT_TRY(options.parse(arguments));
  spec::RuntimeSpec spec = make_spec();
  if (rootless)
    map_own_ids(spec);
  else
    leave_out_user_namespace(spec);
  const UniqueFd folder = AMBIT_TRY(os::open_at(AT_FDCWD, bundle, O_RDONLY | O_DIRECTORY));
  auto file = os::open_at(folder.get(), kFile, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (!file && file.error().sys_errno() == EEXIST)
    return Error(ErrorCode::AlreadyExists,
                 "File config.json exists. Remove it first: " + bundle + "/" + kFile);
  const UniqueFd opened = AMBIT_TRY(std::move(file));
  AMBIT_TRY(os::write_all(opened.get(), spec::write_runtime_spec(spec) + "\n"));
  return 0;
}

}  // namespace ambit::oci
