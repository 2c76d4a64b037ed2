#include "oci/own_program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"
#include "os/file.h"

namespace ambit::oci {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

// A file on disk knows no seals: EINVAL.
bool is_sealed(int fd) { return ::fcntl(fd, F_GET_SEALS) == kSeals; }

Result<UniqueFd> copy_sealed(int program_fd) {
  struct stat st = {};
  if (::fstat(program_fd, &st) < 0) return Error::from_errno(errno, "fstat");
  UniqueFd copy(::memfd_create("ambit-oci", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) return Error::from_errno(errno, "memfd_create");
  off_t left = st.st_size;
  while (left > 0) {
    const ssize_t sent =
        ::sendfile(copy.get(), program_fd, nullptr, static_cast<std::size_t>(left));
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return Error::from_errno(sent < 0 ? errno : EIO, "sendfile");
    left -= sent;
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, kSeals) < 0) return Error::from_errno(errno, "sealing");
  return copy;
}

}  // namespace

Result<void> run_from_own_copy(char** argv) {
  const UniqueFd program =
      AMBIT_TRY(os::open_at(AT_FDCWD, "/proc/self/exe", O_RDONLY).context("own program"));
  if (is_sealed(program.get())) return {};
  const UniqueFd copy = AMBIT_TRY(copy_sealed(program.get()).context("copy of the own program"));
  (void)::syscall(SYS_execveat, copy.get(), "", argv, environ, AT_EMPTY_PATH);
  return Error::from_errno(errno, "executing the copy of the own program");
}

}  // namespace ambit::oci
