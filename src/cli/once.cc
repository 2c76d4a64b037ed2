#include "cli/once.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "base/paths.h"
#include "os/file.h"

namespace ambit::cli {

bool was_said(const char* stamp) {
  const auto paths = user_paths();
  return !paths || ::access(((*paths).runtime + "/" + stamp).c_str(), F_OK) == 0;
}

bool claim_saying(const char* stamp) {
  const auto paths = user_paths();
  if (!paths) return false;
  return os::open_at(AT_FDCWD, (*paths).runtime + "/" + stamp, O_WRONLY | O_CREAT | O_EXCL, 0600)
      .has_value();
}

}  // namespace ambit::cli
