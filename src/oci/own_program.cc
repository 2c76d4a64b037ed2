#include "oci/own_program.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"
#include "os/file.h"

namespace ambit::oci {

Result<void> run_from_own_copy(char** argv) {
  const UniqueFd program =
      AMBIT_TRY(os::open_at(AT_FDCWD, "/proc/self/exe", O_RDONLY).context("own program"));
  if (os::is_sealed(program.get())) return {};
  const UniqueFd copy =
      AMBIT_TRY(os::sealed_copy("ambit-oci", program.get()).context("copy of the own program"));
  (void)::syscall(SYS_execveat, copy.get(), "", argv, environ, AT_EMPTY_PATH);
  return Error::from_errno(errno, "executing the copy of the own program");
}

}  // namespace ambit::oci
