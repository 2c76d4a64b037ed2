#include "image/tree_remove.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "os/dir.h"

namespace ambit::image {
namespace {

constexpr std::size_t kMaxOpenFolders = 64;

Result<UniqueFd> open_folder(int dir_fd, const std::string& name) {
  open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, dir_fd, name.c_str(), &how, sizeof how)));
  if (fd) return fd;
  const int err = errno;
  if (err == EXDEV)
    return Error(ErrorCode::Busy, "removing " + name + ": something is mounted on it");
  return Error::from_errno(err, "opening " + name);
}

// One folder on the way down.
struct Frame {
  UniqueFd fd;
  std::string name;  // in the frame above
  std::vector<std::string> todo;
  std::set<std::string> failed;  // names that stay
};

class Remover {
 public:
  Result<void> run(int dir_fd, const std::string& name) {
    if (unlink(dir_fd, name) != Outcome::IsFolder) return result();
    enter(dir_fd, name);
    while (!stack_.empty()) step(dir_fd);
    return result();
  }

 private:
  enum class Outcome { Gone, IsFolder, Failed };

  Result<void> result() {
    if (failure_) return *std::move(failure_);
    return {};
  }

  void fail(Error error) {
    if (!failure_) failure_ = std::move(error);
  }

  Outcome unlink(int dir_fd, const std::string& name) {
    if (::unlinkat(dir_fd, name.c_str(), 0) == 0 || errno == ENOENT) return Outcome::Gone;
    const int err = errno;
    // POSIX lets unlink(2) of a folder fail with EPERM, and some file systems do.
    struct stat st = {};
    if (::fstatat(dir_fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
      return Outcome::IsFolder;
    fail(Error::from_errno(err, "removing " + name));
    return Outcome::Failed;
  }

  // Pushes the folder, or notes in the frame above that it stays.
  void enter(int dir_fd, const std::string& name) {
    auto fd = open_folder(dir_fd, name);
    auto names = fd ? os::list_names(fd->get()) : std::move(fd).error();
    if (names) {
      stack_.push_back(
          {.fd = *std::move(fd), .name = name, .todo = *std::move(names), .failed = {}});
      return;
    }
    fail(std::move(names).error());
    if (!stack_.empty()) stack_.back().failed.insert(name);
  }

  void step(int base_fd) {
    Frame& frame = stack_.back();
    if (frame.todo.empty()) return leave(base_fd);
    const std::string name = std::move(frame.todo.back());
    frame.todo.pop_back();
    switch (unlink(frame.fd.get(), name)) {
      case Outcome::Gone:
        return;
      case Outcome::Failed:
        frame.failed.insert(name);
        return;
      case Outcome::IsFolder:
        if (stack_.size() < kMaxOpenFolders || !move_up(frame, name)) enter(frame.fd.get(), name);
        return;
    }
  }

  // To the top of the tree that is being removed, where it is met again.
  bool move_up(const Frame& frame, const std::string& name) {
    const std::string moved = ".deep." + random_id().substr(0, 16);
    Frame& top = stack_.front();
    if (::renameat(frame.fd.get(), name.c_str(), top.fd.get(), moved.c_str()) < 0) return false;
    top.todo.push_back(moved);
    return true;
  }

  void leave(int base_fd) {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    const int parent_fd = stack_.empty() ? base_fd : stack_.back().fd.get();
    if (frame.failed.empty() &&
        (::unlinkat(parent_fd, frame.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT))
      return;
    const int err = errno;
    if (frame.failed.empty()) fail(Error::from_errno(err, "removing the folder " + frame.name));
    if (!stack_.empty()) stack_.back().failed.insert(frame.name);
  }

  std::vector<Frame> stack_;
  std::optional<Error> failure_;
};

}  // namespace

Result<void> remove_tree(int dir_fd, const std::string& name) {
  return Remover().run(dir_fd, name);
}

}  // namespace ambit::image
