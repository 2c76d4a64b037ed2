#include "cli/exit_codes.h"

namespace ambit::cli {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::CommandNotFound:
      return 127;
    case ErrorCode::CommandNotExecutable:
      return 126;
    default:
      return kExitFailure;
  }
}

int removal_exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::NoSuchContainer:
    case ErrorCode::NoSuchImage:
    case ErrorCode::NoSuchPod:
      return 1;
    case ErrorCode::AlreadyRunning:
    case ErrorCode::Busy:
      return 2;
    default:
      return kExitFailure;
  }
}

}  // namespace ambit::cli
