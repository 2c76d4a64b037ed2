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
#include "sandbox/seccomp_handover.h"

namespace ambit::sandbox {
namespace {

long set_filter(std::uint32_t flags, const sock_fprog& program) {
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

Error not_installed(int err) {
  return Error::from_errno(err, "installing the seccomp filter: seccomp");
}

Result<void> install_with_listener(const sock_fprog& program, std::uint32_t flags,
                                   const SeccompListener& listener) {
  SeccompHandover handover = AMBIT_TRY(SeccompHandover::start(listener));
  // Not the handing thread, which is the only other one.
  flags &= ~static_cast<std::uint32_t>(SECCOMP_FILTER_FLAG_TSYNC);
  const long notify_fd = set_filter(flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
  if (notify_fd < 0) {
    const Error error = not_installed(errno);
    handover.cancel();
    return error;
  }
  return handover.finish(static_cast<int>(notify_fd));
}

}  // namespace

Result<void> install_seccomp(std::string_view bpf, std::uint32_t flags,
                             const SeccompListener& listener) {
  const std::size_t count = bpf.size() / sizeof(sock_filter);
  if (bpf.empty() || bpf.size() % sizeof(sock_filter) != 0 ||
      count > std::numeric_limits<unsigned short>::max())
    return Error(ErrorCode::InvalidArgument, strf("%zu bytes are no seccomp filter", bpf.size()));
  // The bytes may come from anywhere; the kernel wants them aligned.
  std::vector<sock_filter> filter(count);
  std::memcpy(filter.data(), bpf.data(), bpf.size());
  const sock_fprog program = {.len = static_cast<unsigned short>(count), .filter = filter.data()};
  if (listener.socket_fd >= 0) return install_with_listener(program, flags, listener);
  if (const long result = set_filter(flags, program); result < 0) return not_installed(errno);
  return {};
}

}  // namespace ambit::sandbox
