#include "cli/source_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.h"

namespace ambit::cli {

Result<UniqueFd> open_source(const std::string& path) {
  if (path != "-") return os::open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY);
  if (::isatty(STDIN_FILENO) == 1)
    return Error(ErrorCode::InvalidArgument,
                 "standard input is a terminal: name a file, or redirect one");
  UniqueFd copy(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!copy) return Error::from_errno(errno, "standard input");
  return copy;
}

}  // namespace ambit::cli
