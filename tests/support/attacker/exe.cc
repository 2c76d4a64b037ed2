#include <dirent.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support/attacker/attack.h"

namespace attacker {
namespace {

volatile std::sig_atomic_t stopped = 0;

// For whoever waits for an attack to have had its chance.
void count_try(int& tries) {
  if (tries++ > 0) return;
  (void)std::puts("tried");
  (void)std::fflush(stdout);
}

// Writes back what is there: a test that fails must not leave a broken program behind.
bool can_write(const std::string& path) {
  constexpr int kTries = 200;
  int fd = -1;
  // ETXTBSY as long as somebody executes it: a real attacker waits for that to end.
  for (int i = 0; fd < 0 && i < kTries; ++i) {
    fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno != ETXTBSY) return false;
    if (fd < 0) (void)::usleep(1000);
  }
  char first = 0;
  const bool written = fd >= 0 && ::pread(fd, &first, 1, 0) == 1 && ::pwrite(fd, &first, 1, 0) == 1;
  if (fd >= 0) (void)::close(fd);
  return written;
}

// Neither a file that anybody else executes nor one that can change: only a copy in memory that is
// sealed for good is neither.
int judge_program(int fd, const std::string& path) {
  const std::string name = link_target(path);
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0) return escaped("%s is a file of the host", name.c_str());
  constexpr int kSealed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if ((seals & kSealed) != kSealed) return escaped("%s is not sealed", name.c_str());
  if (can_write(path)) return escaped("%s was written to", name.c_str());
  return held("%s is sealed", name.c_str());
}

// What an attacker would want of a process of the runtime. True: it got hold of it.
struct Target {
  const char* what;
  bool (*get)(const std::string& process, pid_t pid);
};

bool opens(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) (void)::close(fd);
  return fd >= 0;
}

bool gets_descriptor(const std::string& process, pid_t) {
  for (int fd = 3; fd < 32; ++fd) {
    const std::string path = process + format("/fd/%d", fd);
    if (opens(path, O_RDONLY) || !link_target(path).empty()) return true;
  }
  return false;
}

bool traces(const std::string&, pid_t pid) {
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return false;
  // Only what has stopped can be let go again.
  (void)::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) continue;
  (void)::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  return true;
}

constexpr Target kTargets[] = {
    {"exe", [](const std::string& process, pid_t) { return opens(process + "/exe", O_RDONLY); }},
    {"a descriptor", gets_descriptor},
    {"cwd", [](const std::string& process, pid_t) { return opens(process + "/cwd", O_RDONLY); }},
    {"root", [](const std::string& process, pid_t) { return opens(process + "/root", O_RDONLY); }},
    {"mem", [](const std::string& process, pid_t) { return opens(process + "/mem", O_RDWR); }},
    {"environ", [](const std::string& p, pid_t) { return !read_file(p + "/environ").empty(); }},
    {"maps", [](const std::string& p, pid_t) { return !read_file(p + "/maps").empty(); }},
    {"ns/mnt", [](const std::string& p, pid_t) { return opens(p + "/ns/mnt", O_RDONLY); }},
    {"tracing", traces},
};

// The name of what was got hold of while `pid` was the runtime's, "" for nothing. execve is the
// border: a process that shows the command's file as its program afterwards was perhaps the
// command's already, and is no catch.
const char* attack_process(pid_t pid, const std::string& name, const std::string& command) {
  const std::string process = format("/proc/%d", static_cast<int>(pid));
  for (const Target& target : kTargets) {
    if (!target.get(process, pid)) continue;
    if (read_file(process + "/comm") != name + "\n") return "";
    if (!is_same_file(process + "/exe", command)) return target.what;
  }
  return "";
}

}  // namespace

// After the loader of the image, which the kernel has run as the interpreter of the runtime's
// program, and which has left /proc/self/exe open.
int overwrite_exe(const Arguments&) {
  for (int fd = 3; fd < 16; ++fd) {
    struct stat st = {};
    if (::fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
      return judge_program(fd, format("/proc/self/fd/%d", fd));
  }
  return not_tried("the loader has left no descriptor");
}

// reopen-exe PID: what a process executes, where one may look.
int reopen_exe(const Arguments& arguments) {
  const std::string path = "/proc/" + arguments.at(0) + "/exe";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && (errno == EACCES || errno == EPERM))
    return held("%s: %s", path.c_str(), std::strerror(errno));
  if (fd < 0) return cant(path);
  return judge_program(fd, path);
}

// spy NAME COMMAND: looks for processes called NAME until SIGTERM, and grabs what it can of each
// before it executes COMMAND.
int spy(const Arguments& arguments) {
  (void)::signal(SIGTERM, [](int) { stopped = 1; });
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return cant("/proc");
  (void)held("ready");
  const pid_t self = ::getpid();
  int seen = 0;
  while (stopped == 0) {
    ::rewinddir(proc);
    while (const dirent* entry = ::readdir(proc)) {
      const pid_t pid = std::atoi(entry->d_name);
      if (pid <= 1 || pid == self) continue;
      if (read_file(format("/proc/%d/comm", static_cast<int>(pid))) != arguments.at(0) + "\n")
        continue;
      count_try(seen);
      const char* const caught = attack_process(pid, arguments.at(0), arguments.at(1));
      if (*caught != '\0') return escaped("got hold of %s of the runtime's process", caught);
    }
  }
  if (seen == 0) return not_tried("never saw a process called %s", arguments.at(0).c_str());
  return held("saw the runtime's process %d times", seen);
}

// grab PID: what spy grabs, of a process that is there.
int grab(const Arguments& arguments) {
  const std::string process = "/proc/" + arguments.at(0);
  if (read_file(process + "/comm").empty()) return cant(process);
  for (const Target& target : kTargets)
    if (target.get(process, std::atoi(arguments.at(0).c_str())))
      return escaped("got hold of %s of process %s", target.what, arguments.at(0).c_str());
  return held("nothing of process %s", arguments.at(0).c_str());
}

// grab-exe: keeps open what each process of the container executes, if that is not of the image,
// and tries to change it, until SIGTERM.
int grab_exe(const Arguments&) {
  (void)::signal(SIGTERM, [](int) { stopped = 1; });
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return cant("/proc");
  (void)held("ready");
  int grabbed = 0;
  while (stopped == 0) {
    ::rewinddir(proc);
    while (const dirent* entry = ::readdir(proc)) {
      if (std::atoi(entry->d_name) <= 1) continue;
      const std::string path = std::string("/proc/") + entry->d_name + "/exe";
      const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      const std::string held_path = format("/proc/self/fd/%d", fd);
      if (fd >= 0 && link_target(held_path).compare(0, 5, "/bin/") != 0) {
        count_try(grabbed);
        if (const int code = judge_program(fd, held_path); code != kHeld) return code;
      }
      if (fd >= 0) (void)::close(fd);
    }
  }
  if (grabbed == 0) return not_tried("%s", "nothing but programs of the image was executed");
  return held("%d times", grabbed);
}

}  // namespace attacker
