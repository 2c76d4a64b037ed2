#pragma once

#include "base/result.h"

namespace ambit::sandbox {

// Copies what is in one folder into another, with owners, modes, times and extended attributes, and
// without following a link. `from_fd` may be O_PATH. Sockets, and device nodes that are not ours to
// make, are left out. The tree may belong to somebody hostile: files are opened only when they are
// regular, and it may change meanwhile.
Result<void> copy_tree(int from_fd, int to_fd);

}  // namespace ambit::sandbox
