#pragma once

#include "base/error.h"

namespace ambit::cli {

constexpr int kExitFailure = 125;     // ambit's own failure, or that of the caller
constexpr int kExitBrokenPipe = 141;  // 128 + SIGPIPE

// The exit code of a failure, as of `ambit run` and `ambit exec`: 127 where the command is not
// there, 126 where it can't be executed, else 125. Never a code that the command itself could
// have meant otherwise.
int exit_code(ErrorCode code);

// The same for rm and rmi, which scripts ask for the reason: 1 where the object does not exist,
// 2 where it is in use.
int removal_exit_code(ErrorCode code);

}  // namespace ambit::cli
