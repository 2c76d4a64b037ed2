#include <sched.h>

#include "os/namespace.h"
#include "sandbox/base_userns.h"

// Apart from the making of the namespace, which looks users up: ambit-monitor is linked statically,
// and getpwuid(3) is nothing for a static program.
namespace ambit::sandbox {

Result<void> enter_base_userns(int userns_fd) {
  return os::join_namespaces(userns_fd, CLONE_NEWUSER, "the base user namespace");
}

}  // namespace ambit::sandbox
