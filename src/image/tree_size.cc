#include "image/tree_size.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "os/dir.h"

namespace ambit::image {
namespace {

constexpr std::size_t kMaxDepth = 500;
constexpr std::uint64_t kBlockBytes = 512;  // of st_blocks, whatever the file system's are

class Sizer {
 public:
  Result<std::uint64_t> run(int dir_fd, const std::string& name) {
    AMBIT_TRY(count(dir_fd, name));
    while (!stack_.empty()) {
      Frame& frame = stack_.back();
      if (frame.todo.empty()) {
        stack_.pop_back();
        continue;
      }
      const std::string next = std::move(frame.todo.back());
      frame.todo.pop_back();
      AMBIT_TRY(count(frame.fd.get(), next));
    }
    return bytes_;
  }

 private:
  struct Frame {
    UniqueFd fd;
    std::vector<std::string> todo;
  };

  // What goes meanwhile, in a container that runs, counts as nothing.
  Result<void> count(int dir_fd, const std::string& name) {
    struct stat st = {};
    if (::fstatat(dir_fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) {
      if (errno == ENOENT) return {};
      return Error::from_errno(errno, "looking at " + name);
    }
    const bool is_folder = S_ISDIR(st.st_mode);
    if (!is_folder && st.st_nlink > 1 && !seen_.emplace(st.st_dev, st.st_ino).second) return {};
    bytes_ += static_cast<std::uint64_t>(st.st_blocks) * kBlockBytes;
    return is_folder ? enter(dir_fd, name) : Result<void>();
  }

  Result<void> enter(int dir_fd, const std::string& name) {
    if (stack_.size() >= kMaxDepth)
      return Error(ErrorCode::Unsupported, "folders are nested too deep");
    open_how how = {};
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, dir_fd, name.c_str(), &how, sizeof how)));
    if (!fd) {
      const int err = errno;
      // A mount, or no folder any more.
      if (err == EXDEV || err == ENOENT || err == ENOTDIR || err == ELOOP) return {};
      return Error::from_errno(err, "opening " + name);
    }
    std::vector<std::string> names = AMBIT_TRY(os::list_names(fd.get()));
    stack_.push_back({.fd = std::move(fd), .todo = std::move(names)});
    return {};
  }

  std::vector<Frame> stack_;
  std::set<std::pair<dev_t, ino_t>> seen_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<std::uint64_t> tree_size(int dir_fd, const std::string& name) {
  return Sizer().run(dir_fd, name);
}

}  // namespace ambit::image
