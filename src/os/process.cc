#include "os/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::os {
namespace {

constexpr int kFirstFd = 3;

// What the child tells before it dies: which step failed, with what errno.
struct ChildFailure {
  int sys_errno;
  const char* step;  // a literal, valid in the parent as well: the child is its fork
};

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& s : strings) pointers.push_back(const_cast<char*>(s.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

void reset_signals() {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) (void)::signal(signal, SIG_DFL);
  sigset_t none;
  (void)::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In the child. `fds` are copied high first, so that no target number overwrites a source.
const char* arrange_fds(std::vector<int> sources, int& exe_fd, int& report_fd) {
  const int high = kFirstFd + static_cast<int>(sources.size()) + 2;
  for (int& source : sources)
    if ((source = ::fcntl(source, F_DUPFD_CLOEXEC, high)) < 0) return "duplicating descriptors";
  if ((exe_fd = ::fcntl(exe_fd, F_DUPFD_CLOEXEC, high)) < 0) return "duplicating descriptors";
  if ((report_fd = ::fcntl(report_fd, F_DUPFD_CLOEXEC, high)) < 0) return "duplicating descriptors";
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (::dup2(sources[i], static_cast<int>(i)) < 0) return "placing descriptors";
  // The sources are marked close-on-exec; this marks everything else that the caller had.
  if (::syscall(SYS_close_range, sources.size(), ~0U, CLOSE_RANGE_CLOEXEC) < 0)
    return "close_range";
  return nullptr;
}

[[noreturn]] void run_child(const SpawnOptions& options, const std::vector<int>& sources,
                            char* const* argv, char* const* env, int report_fd) {
  int exe_fd = options.exe_fd;
  const char* failed = arrange_fds(sources, exe_fd, report_fd);
  if (failed == nullptr) {
    (void)::setsid();
    reset_signals();
    (void)::syscall(SYS_execveat, exe_fd, "", argv, env, AT_EMPTY_PATH);
    failed = "execveat";
  }
  const ChildFailure failure{errno, failed};
  (void)!::write(report_fd, &failure, sizeof failure);
  ::_exit(127);
}

Result<std::pair<UniqueFd, UniqueFd>> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  return std::make_pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

}  // namespace

Result<Process> spawn(const SpawnOptions& options) {
  UniqueFd null = AMBIT_TRY(open_at(AT_FDCWD, "/dev/null", O_RDWR));
  auto [read_end, write_end] = AMBIT_TRY(make_pipe());
  std::vector<int> sources = {options.stdin_fd >= 0 ? options.stdin_fd : null.get(),
                              options.stdout_fd >= 0 ? options.stdout_fd : null.get(),
                              options.stderr_fd >= 0 ? options.stderr_fd : STDERR_FILENO};
  sources.insert(sources.end(), options.fds.begin(), options.fds.end());
  const std::vector<char*> argv = c_strings(options.argv);
  const std::vector<char*> env = c_strings(options.env);

  Process child;
  child.pid = ::fork();
  if (child.pid < 0) return Error::from_errno(errno, "fork");
  if (child.pid == 0) run_child(options, sources, argv.data(), env.data(), write_end.get());

  write_end.reset();
  ChildFailure failure = {};
  ssize_t n = 0;
  do {
    n = ::read(read_end.get(), &failure, sizeof failure);
  } while (n < 0 && errno == EINTR);
  if (n == sizeof failure) {
    (void)::waitpid(child.pid, nullptr, 0);
    return Error::from_errno(failure.sys_errno, options.argv.front() + ": " + failure.step);
  }
  child.pidfd = AMBIT_TRY(open_pidfd(child.pid));
  return child;
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return Error::from_errno(errno, strf("pidfd_open %d", static_cast<int>(pid)));
  return fd;
}

Result<void> send_signal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) < 0)
    return Error::from_errno(errno, "pidfd_send_signal");
  return {};
}

bool is_exiting(pid_t pid) {
  constexpr std::size_t kFlagsField = 6;   // behind the name
  constexpr std::uint64_t kExiting = 0x4;  // PF_EXITING, include/linux/sched.h
  constexpr std::size_t kMaxStatBytes = 4096;
  auto text = read_file_at(AT_FDCWD, strf("/proc/%d/stat", static_cast<int>(pid)), kMaxStatBytes);
  // The name is in parentheses and may have any byte.
  const std::size_t end = text ? text->rfind(") ") : std::string::npos;
  if (end == std::string::npos) return true;
  const auto fields = split(std::string_view(*text).substr(end + 2), ' ');
  const auto flags = fields.size() > kFlagsField ? parse_uint(fields[kFlagsField])
                                                 : Result<std::uint64_t>(kExiting);
  return !flags || (*flags & kExiting) != 0;
}

Result<std::string> boot_id() {
  const std::string text = AMBIT_TRY(read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64));
  return std::string(trim(text));
}

}  // namespace ambit::os
