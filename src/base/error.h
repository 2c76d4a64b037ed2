#pragma once

#include <string>

namespace ambit {

// What went wrong, as far as a caller can act on it. Every value has exactly one D-Bus error
// name (bus/error_names.cc) and one exit code (cli/exit_codes.cc). The numbers travel between
// processes of one build (monitor and daemon), never between versions.
enum class ErrorCode {
  InvalidArgument,
  NotFound,
  AlreadyExists,
  PermissionDenied,
  Unsupported,
  Busy,
  Timeout,
  Corrupt,  // Data on disk or from the network fails its own checks.
  Io,
  NoSpace,
  Internal,  // A bug in ambit, never the user's fault.

  NoSuchContainer,
  NoSuchImage,
  NoSuchNetwork,
  NoSuchPod,
  NameInUse,
  InvalidReference,
  NotRunning,
  AlreadyRunning,
  NotAnImage,            // The file is intact, but no container image.
  CommandNotFound,       // The container's command is not in its root file system: exit code 127.
  CommandNotExecutable,  // It is there and can't be executed: exit code 126.
  HostUnsupported,       // The host lacks something; the message carries the fix.
  Unauthorized,          // A registry wants other credentials, or any.
  PullFailed,            // A registry could not be reached, or did not do what it should.
};
constexpr ErrorCode kLastErrorCode = ErrorCode::PullFailed;

// A failure and the path it took. The message reads outermost context first:
// "starting web-1: entering rootfs /srv/r: pivot_root: Operation not permitted".
class Error {
 public:
  Error(ErrorCode code, std::string message);

  // Builds an error from a failed system call. Pass errno straight away, before
  // anything else can change it; `what` names the call and its object.
  static Error from_errno(int err, std::string what);

  // An error as another process reported it.
  static Error received(ErrorCode code, int sys_errno, std::string message);

  // Adds one outer layer of context. The code and errno stay those of the cause.
  Error context(std::string what) &&;

  // The same failure as another kind: where the caller knows better what an errno means here.
  Error with_code(ErrorCode code) &&;

  ErrorCode code() const noexcept { return code_; }
  int sys_errno() const noexcept { return sys_errno_; }  // 0: not from a system call.
  const std::string& message() const noexcept { return message_; }

 private:
  ErrorCode code_;
  int sys_errno_ = 0;
  std::string message_;
};

}  // namespace ambit
