#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "support/attacker/attack.h"

namespace attacker {
namespace {

constexpr long kTmpfs = TMPFS_MAGIC;
constexpr unsigned kPtyMajor = 136;

struct Device {
  const char* name;
  unsigned major;
  unsigned minor;
};

constexpr Device kDevices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                               {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
// Of what runtimes cover, what this kernel may have.
constexpr const char* kMasked[] = {"acpi", "asound",      "interrupts",   "kcore",
                                   "keys", "key-users",   "timer_list",   "sched_debug",
                                   "scsi", "timer_stats", "latency_stats"};
constexpr const char* kReadOnly[] = {"bus", "fs", "irq", "sys", "sysrq-trigger"};

long magic_of(int fd) {
  struct statfs fs = {};
  return ::fstatfs(fd, &fs) == 0 ? static_cast<long>(fs.f_type) : 0;
}

// As the root may be a tmpfs itself.
bool is_of_root(int fd) {
  struct stat root = {};
  struct stat st = {};
  return ::stat("/", &root) == 0 && ::fstat(fd, &st) == 0 && root.st_dev == st.st_dev;
}

// A peer may be swapping the folder at this moment: waits until it is the file system that was
// asked for, which is then held.
int open_filesystem(const char* path, long magic) {
  constexpr int kTries = 2000;
  for (int i = 0; i < kTries; ++i) {
    const int fd = ::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && magic_of(fd) == magic && !is_of_root(fd)) return fd;
    if (fd >= 0) (void)::close(fd);
    (void)::usleep(1000);
  }
  return -1;
}

int look_at_proc() {
  const int proc = open_filesystem("/proc", PROC_SUPER_MAGIC);
  if (proc < 0) return escaped("/proc is no procfs");
  for (const char* name : kMasked) {
    const int fd = ::openat(proc, name, O_PATH | O_CLOEXEC);
    if (fd >= 0 && magic_of(fd) != kTmpfs) return escaped("/proc/%s is not masked", name);
    if (fd >= 0) (void)::close(fd);
  }
  for (const char* name : kReadOnly) {
    struct statvfs fs = {};
    const int fd = ::openat(proc, name, O_PATH | O_CLOEXEC);
    if (fd >= 0 && (::fstatvfs(fd, &fs) != 0 || (fs.f_flag & ST_RDONLY) == 0))
      return escaped("/proc/%s can be written", name);
    if (fd >= 0) (void)::close(fd);
  }
  (void)::close(proc);
  return kHeld;
}

int look_at_sys() {
  const int sys = open_filesystem("/sys", SYSFS_MAGIC);
  struct statvfs fs = {};
  if (sys < 0) return escaped("/sys is no sysfs");
  if (::fstatvfs(sys, &fs) != 0 || (fs.f_flag & ST_RDONLY) == 0)
    return escaped("/sys can be written");
  const int firmware = ::openat(sys, "firmware", O_PATH | O_CLOEXEC);
  if (firmware >= 0 && magic_of(firmware) != kTmpfs) return escaped("/sys/firmware is not masked");
  (void)::close(firmware);
  (void)::close(sys);
  return kHeld;
}

int look_at_terminal(int dev) {
  struct stat mine = {};
  struct stat console = {};
  struct stat link = {};
  if (::isatty(STDIN_FILENO) == 0) return kHeld;
  if (::fstat(STDIN_FILENO, &mine) < 0 || major(mine.st_rdev) != kPtyMajor)
    return escaped("standard input is no pty");
  // A peer may have kept one of them from being there at all.
  if (::fstatat(dev, "console", &console, AT_SYMLINK_NOFOLLOW) == 0 &&
      console.st_rdev != mine.st_rdev)
    return escaped("/dev/console is not the container's terminal");
  const std::string own = format("pts/%u", minor(mine.st_rdev));
  if (::fstatat(dev, own.c_str(), &link, AT_SYMLINK_NOFOLLOW) == 0 &&
      (link.st_dev != mine.st_dev || link.st_ino != mine.st_ino))
    return escaped("the terminal is not of the container's own /dev/pts");
  return kHeld;
}

int look_at_dev() {
  const int dev = open_filesystem("/dev", kTmpfs);
  if (dev < 0) return escaped("/dev is no tmpfs");
  for (const Device& device : kDevices) {
    struct stat st = {};
    if (::fstatat(dev, device.name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISCHR(st.st_mode) ||
        st.st_rdev != makedev(device.major, device.minor))
      return escaped("/dev/%s is not the device of that name", device.name);
  }
  const int code = look_at_terminal(dev);
  (void)::close(dev);
  return code;
}

}  // namespace

// look [MARKER]: whether this container is what it should be; MARKER is a path of the host.
int look(const Arguments& arguments) {
  if (!arguments.empty() && ::access(arguments.front().c_str(), F_OK) == 0)
    return escaped("%s of the host is here", arguments.front().c_str());
  for (int (*const part)() : {look_at_proc, look_at_sys, look_at_dev})
    if (const int code = part(); code != kHeld) return code;
  return held("as it should be");
}

}  // namespace attacker
