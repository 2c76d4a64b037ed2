#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::sandbox {

// ambit-init (init_program.cc) as a sealed memfd: the program that `--init` puts before the
// command. It is static and part of this library, so it needs nothing of the container, and as an
// executed program it has nothing of ours in its memory.
Result<UniqueFd> open_init_program();

}  // namespace ambit::sandbox
