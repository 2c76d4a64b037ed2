// What runs in the containers of the monitor's tests: a static program, so that a root file system
// is a folder with one file. The first argument says what to do.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "unit/monitor/random_bytes.h"

namespace {

using Arguments = char**;

void say(const std::string& text, int fd = STDOUT_FILENO) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
    if (n < 0) ::_exit(99);
    at += static_cast<std::size_t>(n);
  }
}

void block(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

int wait_for_signal(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  int signal = 0;
  ::sigwait(&set, &signal);
  return signal;
}

int print(Arguments a) {
  say(a[2]);
  return 0;
}

int print_bytes_one_by_one(Arguments a) {
  for (int i = ::atoi(a[2]); i > 0; --i) say("x");
  return 0;
}

// Lines of 80 bytes, each written on its own.
int print_lines(Arguments a) {
  for (int i = ::atoi(a[2]); i > 0; --i) say(std::string(79, 'l') + "\n");
  return 0;
}

// The same bytes as random_bytes(seed) in the test, on stdout in pieces of many sizes.
int print_random(Arguments a) {
  const unsigned seed = static_cast<unsigned>(::atoi(a[2]));
  const std::string bytes = ambit::test::random_bytes(seed);
  for (std::size_t at = 0, step = 1; at < bytes.size(); at += step, step = step * 7 % 9001 + 1)
    say(bytes.substr(at, step));
  say(ambit::test::random_bytes(seed + 1), STDERR_FILENO);
  return 0;
}

int exit_with(Arguments a) { return ::atoi(a[2]); }

// Says what signal it gets, as does a child of its own, and ends. SIGURG, with which systemd stops
// a scope, comes to everyone there and is ignored by default.
int report_signals(Arguments) {
  block({SIGTERM, SIGUSR1, SIGHUP});
  if (::fork() == 0) {
    const int signal = wait_for_signal({SIGTERM, SIGUSR1, SIGHUP});
    say("child got " + std::to_string(signal) + "\n");
    return 0;
  }
  say("ready\n");
  const int signal = wait_for_signal({SIGTERM, SIGUSR1, SIGHUP});
  say("first got " + std::to_string(signal) + "\n");
  return 3;
}

int wait_deaf(Arguments) {
  (void)::signal(SIGTERM, SIG_IGN);
  say("ready\n");
  while (true) ::pause();
}

int wait_any(Arguments) {
  say("ready\n");
  while (true) ::pause();
}

int copy_input(Arguments) {
  say("ready\n");
  char buffer[4096];
  for (ssize_t n; (n = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0;)
    say(std::string(buffer, static_cast<std::size_t>(n)));
  say("<end>");
  return 0;
}

int print_without_end(Arguments) {
  const std::string line(1000, 'f');
  while (true) say(line + "\n");
}

void say_size() {
  winsize size = {};
  (void)::ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
  say("size " + std::to_string(size.ws_row) + "x" + std::to_string(size.ws_col) + "\n");
}

int report_size(Arguments) {
  block({SIGWINCH});
  (void)::signal(SIGWINCH, [](int) {});
  say_size();
  while (wait_for_signal({SIGWINCH}) == SIGWINCH) say_size();
  return 0;
}

int reopen_output(Arguments) {
  const int fd = ::open("/proc/self/fd/1", O_WRONLY);
  if (fd < 0) return 1;
  say("reopened\n", fd);
  return 0;
}

int make_cgroups(Arguments) {
  if (::mkdir("/sys/fs/cgroup/inner", 0755) < 0) return 10;
  if (::mkdir("/sys/fs/cgroup/inner/most", 0755) < 0) return 11;
  const int fd = ::open("/sys/fs/cgroup/inner/most/cgroup.procs", O_WRONLY);
  if (fd < 0 || ::write(fd, "0", 1) != 1) return 12;
  return 0;
}

// Leaves a process that holds the output open.
int leave_child(Arguments) {
  if (::fork() == 0)
    while (true) ::pause();
  say("parent ends\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, int (*)(Arguments)> jobs = {
      {"print", print},          {"bytes", print_bytes_one_by_one},
      {"random", print_random},  {"lines", print_lines},
      {"exit", exit_with},       {"signals", report_signals},
      {"deaf", wait_deaf},       {"wait", wait_any},
      {"cat", copy_input},       {"flood", print_without_end},
      {"size", report_size},     {"reopen", reopen_output},
      {"cgroups", make_cgroups}, {"leave-child", leave_child}};
  const auto job = argc < 2 ? jobs.end() : jobs.find(argv[1]);
  return job == jobs.end() ? 98 : job->second(argv);
}
