#include "os/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <utility>

#include "base/strings.h"
#include "os/dir.h"

namespace ambit::os {
namespace {

// Unlinks the temporary file unless it was renamed into place.
class TemporaryFile {
 public:
  TemporaryFile(int dir_fd, std::string name) : dir_fd_(dir_fd), name_(std::move(name)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!name_.empty()) (void)::unlinkat(dir_fd_, name_.c_str(), 0);
  }

  Result<void> rename_to(const std::string& name) {
    if (::renameat(dir_fd_, name_.c_str(), dir_fd_, name.c_str()) < 0)
      return Error::from_errno(errno, "renaming to " + name);
    name_.clear();
    return {};
  }

 private:
  int dir_fd_;
  std::string name_;
};

}  // namespace

Result<UniqueFd> open_at(int dir_fd, const std::string& path, int flags, mode_t mode) {
  UniqueFd fd(::openat(dir_fd, path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) return Error::from_errno(errno, "opening " + path);
  return fd;
}

Result<UniqueFd> duplicate(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) return Error::from_errno(errno, "fcntl F_DUPFD_CLOEXEC");
  return copy;
}

Result<std::string> read_all(int fd, std::size_t limit_bytes) {
  std::string bytes;
  char buffer[16384];
  while (true) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) return bytes;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::from_errno(errno, "reading");
    bytes.append(buffer, static_cast<std::size_t>(n));
    if (bytes.size() > limit_bytes)
      return Error(ErrorCode::Corrupt, strf("longer than %zu bytes", limit_bytes));
  }
}

Result<std::string> read_file_at(int dir_fd, const std::string& path, std::size_t limit_bytes) {
  // O_NONBLOCK: opening a fifo, or some devices, waits for somebody else.
  UniqueFd fd = AMBIT_TRY(open_at(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat st = {};
  if (::fstat(fd.get(), &st) < 0) return Error::from_errno(errno, "fstat " + path);
  if (!S_ISREG(st.st_mode)) return Error(ErrorCode::InvalidArgument, path + ": is no regular file");
  return read_all(fd.get(), limit_bytes).context(path);
}

Result<std::string> read_given_file(const std::string& path, std::size_t limit_bytes) {
  UniqueFd fd = AMBIT_TRY(open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY));
  return read_all(fd.get(), limit_bytes).context(path);
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::from_errno(errno, "writing");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> write_value_at(int dir_fd, const std::string& path, std::string_view text) {
  UniqueFd fd = AMBIT_TRY(open_at(dir_fd, path, O_WRONLY));
  const ssize_t n = ::write(fd.get(), text.data(), text.size());
  if (n < 0) return Error::from_errno(errno, "writing " + path);
  if (n != static_cast<ssize_t>(text.size()))
    return Error(ErrorCode::Io, "writing " + path + ": cut short");
  return {};
}

Result<void> write_file_atomic(int dir_fd, const std::string& name, std::string_view bytes,
                               Durability durability, mode_t mode) {
  const std::string temporary_name = "." + name + "." + random_id().substr(0, 8);
  UniqueFd fd =
      AMBIT_TRY(open_at(dir_fd, temporary_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  TemporaryFile temporary(dir_fd, temporary_name);
  AMBIT_TRY(write_all(fd.get(), bytes).context(name));
  if (durability == Durability::PowerLoss && ::fsync(fd.get()) < 0)
    return Error::from_errno(errno, "fsync of " + name);
  AMBIT_TRY(temporary.rename_to(name));
  if (durability == Durability::PowerLoss) return sync_dir(dir_fd);
  return {};
}

Result<void> make_dirs(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string prefix = path.substr(0, end);
    if (::mkdir(prefix.c_str(), mode) < 0 && errno != EEXIST)
      return Error::from_errno(errno, "mkdir " + prefix);
    if (end == std::string::npos) return {};
  }
}

Result<std::string> read_link_at(int dir_fd, const std::string& path) {
  char target[PATH_MAX];
  const ssize_t n = ::readlinkat(dir_fd, path.c_str(), target, sizeof target);
  if (n < 0) return Error::from_errno(errno, "readlink " + path);
  return std::string(target, static_cast<std::size_t>(n));
}

namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
constexpr std::size_t kCopyBytes = std::size_t{1} << 30;

Result<UniqueFd> new_memfd(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return Error::from_errno(errno, "memfd_create");
  return fd;
}

Result<UniqueFd> seal(UniqueFd fd) {
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) < 0)
    return Error::from_errno(errno, "sealing a memfd");
  if (::lseek(fd.get(), 0, SEEK_SET) < 0) return Error::from_errno(errno, "lseek");
  return fd;
}

}  // namespace

Result<UniqueFd> sealed_memfd(const char* name, std::string_view bytes) {
  UniqueFd fd = AMBIT_TRY(new_memfd(name));
  AMBIT_TRY(write_all(fd.get(), bytes).context(name));
  return seal(std::move(fd));
}

Result<UniqueFd> sealed_copy(const char* name, int source_fd) {
  UniqueFd fd = AMBIT_TRY(new_memfd(name));
  for (;;) {
    const ssize_t sent = ::sendfile(fd.get(), source_fd, nullptr, kCopyBytes);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Error::from_errno(errno, std::string(name) + ": sendfile");
    if (sent == 0) return seal(std::move(fd));
  }
}

// A file on disk knows no seals: EINVAL.
bool is_sealed(int fd) { return ::fcntl(fd, F_GET_SEALS) == kSeals; }

}  // namespace ambit::os
