#include "oci/session_keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ambit::oci {
namespace {

constexpr char kName[] = "ambit-oci";

// Everything for who has it; for the same user what it takes to join it later (keyctl_setperm(3):
// view, read, search and link).
constexpr unsigned kPossessorAll = 0x3f000000;
constexpr unsigned kUserJoin = 0x001b0000;

}  // namespace

Result<void> join_container_keyring() {
  const long keyring = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, kName);
  if (keyring < 0 && errno == EDQUOT)
    return Error::from_errno(EDQUOT,
                             "the user has too many keys: sysctl kernel.keys.maxkeys, or "
                             "--no-new-keyring: keyctl")
        .with_code(ErrorCode::HostUnsupported);
  if (keyring < 0 && (errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP)) return {};
  if (keyring < 0) return Error::from_errno(errno, "session keyring: keyctl");
  // One that was made by another of the user's namespaces is set already.
  (void)::syscall(SYS_keyctl, KEYCTL_SETPERM, keyring, kPossessorAll | kUserJoin);
  return {};
}

}  // namespace ambit::oci
