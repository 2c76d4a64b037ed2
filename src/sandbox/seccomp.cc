#include "sandbox/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

#include "base/strings.h"

namespace ambit::sandbox {

Result<void> install_seccomp(std::string_view bpf) {
  const std::size_t count = bpf.size() / sizeof(sock_filter);
  if (bpf.empty() || bpf.size() % sizeof(sock_filter) != 0 ||
      count > std::numeric_limits<unsigned short>::max())
    return Error(ErrorCode::InvalidArgument, strf("%zu bytes are no seccomp filter", bpf.size()));
  // The bytes may come from anywhere; the kernel wants them aligned.
  std::vector<sock_filter> filter(count);
  std::memcpy(filter.data(), bpf.data(), bpf.size());
  const sock_fprog program = {.len = static_cast<unsigned short>(count), .filter = filter.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
    return Error::from_errno(errno, "installing the seccomp filter: seccomp");
  return {};
}

}  // namespace ambit::sandbox
