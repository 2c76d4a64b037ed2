#include "base/paths.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace ambit {
namespace {

// "" unless the variable holds an absolute path.
std::string absolute_from_env(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";
}

Result<std::string> home() {
  std::string dir = absolute_from_env("HOME");
  if (!dir.empty()) return dir;
  const passwd* entry = ::getpwuid(::getuid());
  if (entry != nullptr && entry->pw_dir != nullptr && entry->pw_dir[0] == '/')
    return std::string(entry->pw_dir);
  return Error(ErrorCode::HostUnsupported,
               "no home directory: HOME is not set and the user has "
               "no passwd entry");
}

}  // namespace

Result<Paths> user_paths() {
  const std::string home_dir = AMBIT_TRY(home());
  std::string data = absolute_from_env("XDG_DATA_HOME");
  if (data.empty()) data = home_dir + "/.local/share";
  std::string config = absolute_from_env("XDG_CONFIG_HOME");
  if (config.empty()) config = home_dir + "/.config";
  const std::string runtime = absolute_from_env("XDG_RUNTIME_DIR");
  if (runtime.empty())
    return Error(ErrorCode::HostUnsupported,
                 "XDG_RUNTIME_DIR is not set: ambit needs a systemd user session; log in as the "
                 "user (not through su), or run: machinectl shell USER@");
  return Paths{.data = data + "/ambit", .runtime = runtime + "/ambit", .config = config + "/ambit"};
}

}  // namespace ambit
