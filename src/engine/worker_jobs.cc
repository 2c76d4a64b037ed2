#include "engine/worker_jobs.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "base/strings.h"
#include "os/process.h"

namespace ambit::engine {

struct WorkerJobs::Job {
  Id id = 0;
  Events events;
  UniqueFd output;
  os::Process process;
  image::WorkerOutput lines;
  std::optional<Error> broken;  // what it wrote could not be read
  bool output_ended = false;
  bool process_ended = false;
  bus::EventSource on_output;
  bus::EventSource on_exit;
};

WorkerJobs::WorkerJobs(bus::EventLoop& loop, int worker_exe)
    : loop_(loop), worker_exe_(worker_exe) {}

WorkerJobs::~WorkerJobs() {
  for (const auto& [id, job] : jobs_) (void)os::send_signal(job->process.pidfd.get(), SIGKILL);
}

void WorkerJobs::kill(Id id) {
  const auto found = jobs_.find(id);
  if (found != jobs_.end()) (void)os::send_signal(found->second->process.pidfd.get(), SIGKILL);
}

Result<WorkerJobs::Id> WorkerJobs::start(const MakeCall& make_call, Events events) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return Error::from_errno(errno, "pipe2");
  auto job = std::make_unique<Job>();
  job->id = ++last_id_;
  job->events = std::move(events);
  job->output = UniqueFd(ends[0]);
  UniqueFd write_end(ends[1]);

  const image::WorkerCall call = make_call(write_end.get());
  job->process = AMBIT_TRY(os::spawn({.exe_fd = worker_exe_,
                                      .argv = call.argv,
                                      .env = {"LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin"},
                                      .fds = call.fds}));
  Job* raw = job.get();
  job->on_output = AMBIT_TRY(
      loop_.on_io(raw->output.get(), EPOLLIN, [this, raw](std::uint32_t) { on_output(*raw); }));
  job->on_exit = AMBIT_TRY(
      loop_.on_child(raw->process.pidfd.get(), [this, raw](const siginfo_t&) { on_exit(*raw); }));
  jobs_.emplace(raw->id, std::move(job));
  return raw->id;
}

void WorkerJobs::on_output(Job& job) {
  char buffer[65536];
  const ssize_t n = ::read(job.output.get(), buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0) {
    if (job.broken) return;
    auto progress = job.lines.feed({buffer, static_cast<std::size_t>(n)});
    if (!progress)
      job.broken = std::move(progress).error();
    else if (job.events.progress && !progress->empty())
      job.events.progress(*progress);
    return;
  }
  job.output_ended = true;
  job.on_output.reset();
  finish_if_done(job);
}

void WorkerJobs::on_exit(Job& job) {
  job.process_ended = true;
  finish_if_done(job);
}

void WorkerJobs::finish_if_done(Job& job) {
  if (!job.output_ended || !job.process_ended) return;
  const auto node = jobs_.extract(job.id);
  const std::unique_ptr<Job>& ended = node.mapped();
  auto result = ended->broken ? Result<image::WorkerResult>(*std::move(ended->broken))
                              : std::move(ended->lines).finish();
  if (result && result->error) result = *std::move(result->error);
  ended->events.finished(std::move(result));
}

}  // namespace ambit::engine
