#include "daemon/host_report.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/strings.h"
#include "os/file.h"

namespace ambit::daemon {
namespace {

constexpr std::chrono::seconds kDeadline{30};
constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::size_t kFields = 5;

// Five texts a check, each ended by NUL: none of them can hold one.
std::string to_text(const engine::HostCheck& check) {
  std::string text;
  for (const std::string& field : {check.name, std::string(engine::to_string(check.state)),
                                   check.detail, check.fix, check.documentation})
    text += field + '\0';
  return text;
}

Result<std::vector<engine::HostCheck>> parse(const std::string& bytes) {
  std::vector<std::string> fields = split(bytes, '\0');
  fields.pop_back();  // after the last NUL
  if (fields.empty() || fields.size() % kFields != 0)
    return Error(ErrorCode::Internal, "the checks of the host ended without a result");
  std::vector<engine::HostCheck> checks;
  for (std::size_t i = 0; i < fields.size(); i += kFields) {
    const auto state = AMBIT_TRY(engine::parse_check_state(fields[i + 1]));
    checks.push_back({.name = fields[i],
                      .state = state,
                      .detail = fields[i + 2],
                      .fix = fields[i + 3],
                      .documentation = fields[i + 4]});
  }
  return checks;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; entry++) entries.emplace_back(*entry);
  return entries;
}

}  // namespace

Result<void> write_host_report(int fd, const Paths& paths) {
  std::string text;
  for (const engine::HostCheck& check : engine::check_host(paths)) text += to_text(check);
  return os::write_all(fd, text);
}

Result<std::unique_ptr<HostReport>> HostReport::start(bus::EventLoop& loop, Done done) {
  std::unique_ptr<HostReport> report(new HostReport(loop, std::move(done)));
  AMBIT_TRY(report->spawn().context("checking the host"));
  return report;
}

HostReport::~HostReport() {
  if (!process_.pidfd) return;
  // Forgotten before it was reaped: nobody else will.
  (void)os::send_signal(process_.pidfd.get(), SIGKILL);
  siginfo_t info = {};
  (void)::waitid(P_PIDFD, static_cast<id_t>(process_.pidfd.get()), &info, WEXITED);
}

Result<void> HostReport::spawn() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return Error::from_errno(errno, "pipe2");
  output_.reset(ends[0]);
  const UniqueFd write_end(ends[1]);
  if (::fcntl(output_.get(), F_SETFL, O_NONBLOCK) < 0) return Error::from_errno(errno, "fcntl");
  const UniqueFd self = AMBIT_TRY(os::open_at(AT_FDCWD, "/proc/self/exe", O_PATH));
  process_ = AMBIT_TRY(os::spawn({.exe_fd = self.get(),
                                  .argv = {"ambitd", "check-host"},
                                  .env = own_environment(),
                                  .stdout_fd = write_end.get()}));
  on_output_ =
      AMBIT_TRY(loop_.on_io(output_.get(), EPOLLIN, [this](std::uint32_t) { on_output(); }));
  on_exit_ =
      AMBIT_TRY(loop_.on_child(process_.pidfd.get(), [this](const siginfo_t&) { on_exit(); }));
  deadline_ = AMBIT_TRY(
      loop_.on_timer(kDeadline, [this] { (void)os::send_signal(process_.pidfd.get(), SIGKILL); }));
  return {};
}

void HostReport::on_output() {
  char buffer[4096];
  const ssize_t size = ::read(output_.get(), buffer, sizeof buffer);
  if (size > 0 && bytes_.size() < kMaxBytes) {
    bytes_.append(buffer, static_cast<std::size_t>(size));
    return;
  }
  if (size < 0 && errno == EAGAIN) return;
  on_output_.reset();
  output_ended_ = true;
  finish();
}

void HostReport::on_exit() {
  on_exit_.reset();
  process_.pidfd.reset();
  finish();
}

// The last call: whoever waits may destroy the report.
void HostReport::finish() {
  if (!output_ended_ || process_.pidfd) return;
  deadline_.reset();
  const Done done = std::exchange(done_, nullptr);
  done(parse(bytes_));
}

}  // namespace ambit::daemon
