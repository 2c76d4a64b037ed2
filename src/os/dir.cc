#include "os/dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/unique_fd.h"
#include "os/file.h"

namespace ambit::os {
namespace {

struct CloseDir {
  void operator()(DIR* dir) const noexcept { (void)::closedir(dir); }
};

}  // namespace

Result<std::vector<std::string>> list_names(int dir_fd) {
  UniqueFd fd = AMBIT_TRY(open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY));
  std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (!dir) return Error::from_errno(errno, "fdopendir");
  (void)fd.release();
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr && errno != 0) return Error::from_errno(errno, "readdir");
    if (entry == nullptr) return names;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
}

Result<void> sync_dir(int dir_fd) {
  UniqueFd dir = AMBIT_TRY(open_at(dir_fd, ".", O_RDONLY | O_DIRECTORY));
  if (::fsync(dir.get()) < 0) return Error::from_errno(errno, "fsync of the folder");
  return {};
}

}  // namespace ambit::os
