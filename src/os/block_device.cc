#include "os/block_device.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::os {
namespace {

constexpr std::size_t kMaxFile = 64;

}  // namespace

Result<std::string> disk_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) < 0) return Error::from_errno(errno, "stat " + path);
  const dev_t device = S_ISBLK(info.st_mode) ? info.st_rdev : info.st_dev;
  const std::string number = strf("%u:%u", major(device), minor(device));
  const std::string folder = "/sys/dev/block/" + number;
  if (::access(folder.c_str(), F_OK) < 0)
    return Error(ErrorCode::InvalidArgument,
                 path + " is no block device, and lies on none that has I/O to limit");
  if (::access((folder + "/partition").c_str(), F_OK) < 0) return number;
  // The link leads to .../DISK/PARTITION.
  const std::string disk = AMBIT_TRY(read_file_at(AT_FDCWD, folder + "/../dev", kMaxFile));
  return std::string(trim(disk));
}

}  // namespace ambit::os
