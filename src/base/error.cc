#include "base/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace ambit {
namespace {

ErrorCode code_from_errno(int err) {
  switch (err) {
    case EINVAL:
    case ENAMETOOLONG:
      return ErrorCode::InvalidArgument;
    case ENOENT:
    case ESRCH:
      return ErrorCode::NotFound;
    case EEXIST:
      return ErrorCode::AlreadyExists;
    case EPERM:
    case EACCES:
      return ErrorCode::PermissionDenied;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::Unsupported;
    case EBUSY:
      return ErrorCode::Busy;
    case ETIMEDOUT:
      return ErrorCode::Timeout;
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::NoSpace;
    default:
      return ErrorCode::Io;
  }
}

}  // namespace

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

Error Error::from_errno(int err, std::string what) {
  Error error(code_from_errno(err), std::move(what) + ": " + std::strerror(err));
  error.sys_errno_ = err;
  return error;
}

Error Error::received(ErrorCode code, int sys_errno, std::string message) {
  Error error(code, std::move(message));
  error.sys_errno_ = sys_errno;
  return error;
}

Error Error::context(std::string what) && {
  message_ = std::move(what) + ": " + message_;
  return std::move(*this);
}

Error Error::with_code(ErrorCode code) && {
  code_ = code;
  return std::move(*this);
}

}  // namespace ambit
