#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "spec/runtime_spec.h"

namespace ambit::engine {

// "host:": the host's own root, read-only below a writable layer.
//
// One overlay over "/" is not possible where the writable layer is on the same file system: the
// kernel refuses a lower folder that contains the upper one (ELOOP). So every folder in "/" gets an
// overlay of its own, links in "/" are copied, and what belongs to users or to this boot (home,
// root, tmp, run, mnt, media, proc, sys, dev, boot) starts out empty. A folder that holds the
// store itself is left out for the same reason. A folder below which something else is mounted is
// bound read-only instead, with what is mounted there: the kernel makes no overlay of a part of a
// mount tree that a user namespace inherited (EINVAL).
//
// Makes the writable folders and the links in `data_dir_fd`, a container's folder with the path
// `data_path`; returns the mounts. Can be called again for the next run.
Result<std::vector<spec::Mount>> prepare_host_root(int data_dir_fd, const std::string& data_path);

}  // namespace ambit::engine
