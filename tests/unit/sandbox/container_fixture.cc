#include "container_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "base/strings.h"
#include "base/user_name.h"
#include "os/clone.h"
#include "os/file.h"
#include "sandbox/base_userns.h"
#include "sandbox/default_spec.h"
#include "sandbox/seccomp_profile.h"

namespace ambit::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kDeadlineMs = 20000;
constexpr char kBusybox[] = "/bin/busybox";

constexpr const char* kApplets[] = {
    "sh",   "cat",   "ls",    "id",       "echo", "test",  "mount",    "umount", "touch",
    "true", "sleep", "stat",  "hostname", "kill", "mkdir", "readlink", "env",    "pwd",
    "wc",   "head",  "stty",  "grep",     "ps",   "tty",   "unshare",  "chroot", "ip",
    "dd",   "sort",  "chmod", "mv",       "ln",   "rm"};

// Made once; every test's monitor enters it.
const Result<BaseNamespace>& base_namespace() {
  static const Result<BaseNamespace> base = make_base_userns(user_name(::geteuid()));
  return base;
}

std::string read_from_start(int fd) {
  if (::lseek(fd, 0, SEEK_SET) < 0) return "";
  auto text = os::read_all(fd, 1 << 24);
  return text ? *text : text.error().message();
}

UniqueFd new_memfd() { return UniqueFd(::memfd_create("test", MFD_CLOEXEC)); }

}  // namespace

Result<ChildEvent> await_event(Child& child) {
  while (true) {
    auto event = child.next_event();
    if (event || event.error().code() != ErrorCode::Busy) return event;
    pollfd poll_fd = {.fd = child.event_fd(), .events = POLLIN, .revents = 0};
    if (::poll(&poll_fd, 1, kDeadlineMs) == 0)
      return Error(ErrorCode::Timeout, "no event of the child");
  }
}

Result<ChildEvent> await_ready(Child& child) {
  ChildEvent event = AMBIT_TRY(await_event(child));
  if (event.kind == ChildEventKind::Failed) return std::move(event.error);
  if (event.kind != ChildEventKind::Ready) return Error(ErrorCode::Internal, "not Ready");
  return event;
}

Result<void> await_executed(Child& child) {
  ChildEvent event = AMBIT_TRY(await_event(child));
  if (event.kind == ChildEventKind::Failed) return std::move(event.error);
  if (event.kind != ChildEventKind::Executed) return Error(ErrorCode::Internal, "not Executed");
  return {};
}

Result<int> await_exit(Child& child) {
  pollfd poll_fd = {.fd = child.pidfd(), .events = POLLIN, .revents = 0};
  if (::poll(&poll_fd, 1, kDeadlineMs) == 0)
    return Error(ErrorCode::Timeout, "the container does not end");
  const int status = AMBIT_TRY(os::reap(child.pidfd()));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<std::string> run_to_end(Child child, int out_fd) {
  AMBIT_TRY(await_executed(child));
  const int code = AMBIT_TRY(await_exit(child));
  return std::to_string(code) + " " + read_from_start(out_fd);
}

void ContainerTest::SetUp() {
  const auto& base = base_namespace();
  if (!base) AMBIT_SKIP(base.error().message());
  if (!fs::exists(kBusybox)) AMBIT_SKIP("/bin/busybox is missing (busybox-static)");
  std::string pattern = testing::TempDir() + "sandbox-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  dir_ = pattern;
  root_ = make_dir("root");
  for (const char* folder : {"bin", "etc", "tmp", "work"}) fs::create_directories(root_ / folder);
  fs::copy_file(kBusybox, root_ / "bin/busybox");
  for (const char* applet : kApplets) fs::create_symlink("busybox", root_ / "bin" / applet);
  write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:Web:/srv/web:/bin/sh\n");
  write("etc/group", "root:x:0:\nweb:x:34:\nstaff:x:50:web,other\nlog:x:51:web\n");

  const auto filter = compile_default_seccomp(default_spec().process.capabilities.bounding);
  ASSERT_TRUE(filter) << filter.error().message();
  seccomp_ = *filter;
  spec_ = default_spec();
  spec_.root_path = root_.string();
  spec_.hostname = "box";
  spec_.mounts.erase(std::remove_if(spec_.mounts.begin(), spec_.mounts.end(),
                                    [](const spec::Mount& m) { return m.type == "cgroup"; }),
                     spec_.mounts.end());
}

void ContainerTest::TearDown() {
  if (dir_.empty()) return;
  // Some files belong to subordinate ids.
  (void)in_monitor([&]() -> Result<std::string> {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
    return std::string();
  });
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

Result<std::string> ContainerTest::in_monitor(
    const std::function<Result<std::string>()>& body) const {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return Error::from_errno(errno, "fork");
  if (pid == 0) {
    read_end.reset();
    Result<void> entered = enter_base_userns((*base_namespace()).userns.get());
    Result<std::string> result = entered ? body() : Result<std::string>(entered.error());
    const std::string text =
        result ? "+" + *result
               : strf("-%d %d %s", static_cast<int>(result.error().code()),
                      result.error().sys_errno(), result.error().message().c_str());
    (void)os::write_all(write_end.get(), text);
    ::_exit(0);
  }
  write_end.reset();
  const auto text = os::read_all(read_end.get(), 1 << 24);
  int status = 0;
  (void)::waitpid(pid, &status, 0);
  if (!text) return text.error();
  if ((*text).empty())
    return Error(ErrorCode::Internal, "the monitor " + os::describe_wait_status(status));
  if ((*text).front() == '+') return (*text).substr(1);
  const std::size_t first = (*text).find(' ');
  const std::size_t second = (*text).find(' ', first + 1);
  return Error::received(static_cast<ErrorCode>(std::atoi((*text).c_str() + 1)),
                         std::atoi((*text).c_str() + first + 1), (*text).substr(second + 1));
}

Outcome ContainerTest::run(const std::vector<std::string>& args,
                           const std::function<Result<void>(Child&)>& on_ready) const {
  spec::RuntimeSpec spec = spec_;
  spec.process.args = args;
  const UniqueFd out = new_memfd();
  const UniqueFd err = new_memfd();
  Stdio stdio = stdio_;
  if (stdio.stdout_fd < 0) stdio.stdout_fd = out.get();
  if (stdio.stderr_fd < 0) stdio.stderr_fd = err.get();
  const auto result = in_monitor([&]() -> Result<std::string> {
    Child child =
        AMBIT_TRY(Child::start({.spec = &spec, .stdio = stdio, .seccomp = {.bpf = seccomp_}}));
    AMBIT_TRY(await_ready(child));
    if (on_ready) AMBIT_TRY(on_ready(child));
    AMBIT_TRY(child.go());
    AMBIT_TRY(await_executed(child));
    return std::to_string(AMBIT_TRY(await_exit(child)));
  });
  Outcome outcome;
  outcome.executed = result.has_value();
  if (result)
    outcome.exit_code = std::atoi((*result).c_str());
  else
    outcome.error = result.error();
  outcome.out = read_from_start(out.get());
  outcome.err = read_from_start(err.get());
  return outcome;
}

std::string ContainerTest::sh(const std::string& line) const {
  const Outcome outcome = run({"/bin/sh", "-c", line});
  if (!outcome.executed) return "error: " + outcome.error.message();
  std::string text = outcome.out;
  if (!outcome.err.empty()) text += "stderr: " + outcome.err;
  if (outcome.exit_code != 0) text += strf("exit code %d\n", outcome.exit_code);
  return text;
}

void ContainerTest::write(const std::string& path_in_root, const std::string& text,
                          fs::perms mode) const {
  const fs::path path = root_ / path_in_root;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  fs::permissions(path, mode);
}

fs::path ContainerTest::make_dir(const std::string& name) const {
  fs::create_directories(dir_ / name);
  return dir_ / name;
}

spec::Mount& ContainerTest::mount_at(const std::string& destination) {
  for (spec::Mount& mount : spec_.mounts)
    if (mount.destination == destination) return mount;
  spec_.mounts.push_back({destination, "", "", {}});
  return spec_.mounts.back();
}

bool ContainerTest::has_id_ranges() const { return (*base_namespace()).extents.uids.size() > 1; }

}  // namespace ambit::sandbox
