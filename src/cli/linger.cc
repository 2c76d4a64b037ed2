#include "cli/linger.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <string>

#include "base/paths.h"
#include "cli/output.h"
#include "os/file.h"
#include "systemd/login_client.h"

namespace ambit::cli {
namespace {

// In the runtime folder, which goes with the last session.
constexpr char kStamp[] = "/linger-checked";

}  // namespace

void warn_without_linger() {
  auto paths = user_paths();
  if (!paths) return;
  const std::string stamp = paths->runtime + kStamp;
  if (::access(stamp.c_str(), F_OK) == 0) return;
  const auto lingers = systemd::user_lingers(::geteuid());
  if (!lingers) return;
  // Of several at once the one that makes the stamp speaks.
  const auto made = os::open_at(AT_FDCWD, stamp, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (*lingers || (!made && made.error().code() == ErrorCode::AlreadyExists)) return;
  const passwd* user = ::getpwuid(::geteuid());
  print_error("containers end with your last session; to keep them: loginctl enable-linger %s",
              user != nullptr ? user->pw_name : "");
}

}  // namespace ambit::cli
