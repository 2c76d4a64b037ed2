#include "daemon/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "os/file.h"

namespace ambit::daemon {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kInterval{20};

}  // namespace

Result<UniqueFd> lock_store(const std::string& path) {
  AMBIT_TRY(os::make_dirs(path, 0700));
  UniqueFd fd = AMBIT_TRY(os::open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) < 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return Error::from_errno(errno, "locking " + path);
    if (std::chrono::steady_clock::now() > deadline)
      return Error(ErrorCode::AlreadyExists, "another ambitd works on " + path);
    std::this_thread::sleep_for(kInterval);
  }
  return fd;
}

}  // namespace ambit::daemon
