#include "cli/linger.h"

#include <pwd.h>
#include <unistd.h>

#include "cli/once.h"
#include "cli/output.h"
#include "systemd/login_client.h"

namespace ambit::cli {
namespace {

constexpr char kStamp[] = "linger-checked";

}  // namespace

void warn_without_linger() {
  if (was_said(kStamp)) return;
  const auto lingers = systemd::user_lingers(::geteuid());
  if (!lingers || !claim_saying(kStamp) || *lingers) return;
  const passwd* user = ::getpwuid(::geteuid());
  print_error("containers end with your last session; to keep them: loginctl enable-linger %s",
              user != nullptr ? user->pw_name : "");
}

}  // namespace ambit::cli
