#include "cli/exposed_sockets.h"

#include <climits>
#include <cstdlib>
#include <string_view>

#include "cli/output.h"

namespace ambit::cli {
namespace {

constexpr std::string_view kPlaces[] = {"bus", "systemd", "ambit", "ambit-oci"};

// "/run" holds "/run" and "/run/user", and not "/runner".
bool holds(std::string_view folder, std::string_view path) {
  if (folder == "/") return true;
  if (!path.starts_with(folder)) return false;
  return path.size() == folder.size() || path[folder.size()] == '/';
}

// "" where it isn't there: then there is nothing to be reached either.
std::string without_links(const char* path) {
  char resolved[PATH_MAX];
  return ::realpath(path, resolved) != nullptr ? std::string(resolved) : std::string();
}

}  // namespace

bool exposes_sockets(const std::string& source, const std::string& runtime_dir) {
  if (holds(source, runtime_dir)) return true;
  for (const std::string_view name : kPlaces)
    if (holds(runtime_dir + "/" + std::string(name), source)) return true;
  return false;
}

void warn_of_exposed_sockets(const std::vector<MountArgument>& mounts) {
  const char* folder = std::getenv("XDG_RUNTIME_DIR");
  const std::string runtime_dir = folder != nullptr ? without_links(folder) : "";
  if (runtime_dir.empty()) return;
  for (const MountArgument& mount : mounts) {
    if (mount.type != "bind") continue;
    const std::string source = without_links(mount.source.c_str());
    if (source.empty() || !exposes_sockets(source, runtime_dir)) continue;
    print_error(
        "warning: by the mount of %s the container can reach your systemd, D-Bus and ambit, and so "
        "run anything as you",
        mount.source.c_str());
    return;
  }
}

}  // namespace ambit::cli
