#include "oci/bundle.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "os/file.h"
#include "sandbox/base_userns.h"
#include "sandbox/namespaces.h"
#include "sandbox/user_lookup.h"

namespace ambit::oci {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{16} << 20;

Result<std::string> absolute(const std::string& path) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr)
    return Error::from_errno(errno, "bundle " + path);
  return std::string(resolved);
}

std::string below(const std::string& folder, const std::string& path) {
  return path.empty() || path.front() == '/' ? path : folder + "/" + path;
}

bool is_bind(const spec::Mount& mount) {
  if (mount.type == "bind" || mount.type.empty()) return true;
  for (const std::string& option : mount.options)
    if (option == "bind" || option == "rbind") return true;
  return false;
}

// Major version 1 is the one that is understood (config.md, "Specification version").
Result<void> check_version(const spec::RuntimeSpec& spec) {
  if (spec.oci_version.compare(0, 2, "1.") == 0) return {};
  return Error(ErrorCode::Unsupported,
               "ociVersion '" + spec.oci_version + "': the versions 1.x are understood");
}

Result<void> make_rootless(spec::RuntimeSpec& spec) {
  const bool has_userns = sandbox::has_namespace(spec, spec::NamespaceType::User);
  if (::geteuid() == 0 || (has_userns && !spec.uid_mappings.empty())) return {};
  const std::string user =
      sandbox::local_user_name(::geteuid()).value_or(std::to_string(::geteuid()));
  const sandbox::Extents extents = AMBIT_TRY(sandbox::planned_extents(user));
  if (!has_userns) spec.namespaces.push_back({spec::NamespaceType::User, ""});
  if (!sandbox::has_new_namespace(spec, spec::NamespaceType::User)) return {};
  spec.uid_mappings = extents.uids;
  spec.gid_mappings = extents.gids;
  return {};
}

// A file of the bundle, which somebody else may have written, or one of the user's own choice.
Result<std::string> read_config(const std::string& folder, const std::string& config) {
  if (config.front() == '/') return os::read_given_file(config, kMaxConfigBytes);
  return os::read_file_at(AT_FDCWD, below(folder, config), kMaxConfigBytes);
}

}  // namespace

Result<Bundle> load_bundle(const std::string& path, const std::string& config) {
  if (config.empty()) return Error(ErrorCode::InvalidArgument, "--config: it names no file");
  Bundle bundle;
  bundle.path = AMBIT_TRY(absolute(path.empty() ? "." : path));
  const std::string file = below(bundle.path, config);
  const std::string text = AMBIT_TRY(read_config(bundle.path, config).context("bundle"));
  bundle.spec = AMBIT_TRY(spec::parse_runtime_spec(text).context(file));
  AMBIT_TRY(check_version(bundle.spec).context(file));
  if (bundle.spec.root_path.empty())
    return Error(ErrorCode::InvalidArgument, file + ": root.path is missing");
  bundle.spec.root_path = below(bundle.path, bundle.spec.root_path);
  for (spec::Mount& mount : bundle.spec.mounts) {
    if (is_bind(mount)) mount.source = below(bundle.path, mount.source);
    mount.destination = below("", mount.destination);
  }
  AMBIT_TRY(make_rootless(bundle.spec));
  return bundle;
}

}  // namespace ambit::oci
