#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

// Paths below a root that somebody else wrote (an image, a container's root file system). Every
// lookup is openat2(2), Linux 5.6, with RESOLVE_IN_ROOT: absolute links and ".." end at the root.
namespace ambit::os {

struct OpenHow {
  int flags = O_PATH;         // O_CLOEXEC is added
  mode_t mode = 0;            // for O_CREAT
  std::uint64_t resolve = 0;  // besides RESOLVE_IN_ROOT: RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, ...
};

// Opens `path` as if `root_fd` were "/". Magic links are never followed. EAGAIN, which the kernel
// returns when a rename races with "..", is retried a few times. Errors name the path.
Result<UniqueFd> open_in_root(int root_fd, const std::string& path, const OpenHow& how = {});

// mkdir -p inside the root: existing components may be links (they stay inside the root), missing
// ones are made with `mode`. Returns the last folder, O_PATH.
Result<UniqueFd> make_dirs_in_root(int root_fd, const std::string& path, mode_t mode);

// "/proc/self/fd/N", for calls that have no descriptor form.
std::string fd_path(int fd);

}  // namespace ambit::os
