#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "engine/engine_impl.h"
#include "os/file.h"
#include "os/socket.h"

// Pulls: one ambit-fetch and one worker each, with a socket between them; what ambitd sees of it is
// the worker's lines.
namespace ambit::engine {
namespace {

constexpr std::chrono::minutes kKept(1);
constexpr std::size_t kMaxTransfers = 256;

// Of ambitd's own environment: where the user's files are.
constexpr const char* kOwnVariables[] = {"HOME", "PATH", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"};

std::vector<std::string> environment_of(const PullRequest& request) {
  std::vector<std::string> all = {"LC_ALL=C.UTF-8"};
  for (const char* name : kOwnVariables)
    if (const char* value = std::getenv(name); value != nullptr)
      all.push_back(std::string(name) + "=" + value);
  for (std::string& entry : image::fetch_environment(request.environment))
    all.push_back(std::move(entry));
  return all;
}

// What makes two requests the same: the second waits for the first.
std::string key_of(const PullRequest& request) {
  return request.fetch.reference + " " + request.architecture + " " + request.variant + " " +
         request.fetch.user;
}

}  // namespace

Result<std::string> Engine::Impl::pull(const PullRequest& request) {
  const std::string key = key_of(request);
  for (auto& [id, job] : pulls.jobs) {
    if (job.key != key || job.cancelled) continue;
    ++job.callers;
    return id;
  }
  if (pulls.transfers.size() >= kMaxTransfers)
    return Error(ErrorCode::Busy, "too many transfers at once");
  const std::string id = std::to_string(++pulls.last_id);
  auto started = begin_pull(id, key, request);
  if (!started) {
    pulls.jobs.erase(id);
    return std::move(started).error();
  }
  pulls.transfers[id] = {.id = id, .reference = request.fetch.reference};
  if (observer != nullptr) observer->transfer_changed(id);
  return id;
}

Result<void> Engine::Impl::begin_pull(const std::string& id, const std::string& key,
                                      const PullRequest& request) {
  const int userns = AMBIT_TRY(base_userns());
  auto [worker_end, fetch_end] = AMBIT_TRY(os::packet_pair());
  PullJob& job = pulls.jobs[id];
  job.key = key;
  job.store_job = AMBIT_TRY(images.begin_job());
  auto started = workers.start(
      [&, source = worker_end.get()](int output_fd) {
        return image::pull_call({.fds = {.output_fd = output_fd, .user_ns_fd = userns},
                                 .data_fd = store_dir.get(),
                                 .source_fd = source,
                                 .job = job.store_job,
                                 .store_path = options.paths.data,
                                 .architecture = request.architecture,
                                 .variant = request.variant,
                                 .foreign_ids = request.foreign_ids});
      },
      {.progress = [this, id](const auto& lines) { on_pull_progress(id, lines); },
       .finished = [this, id](auto result) { on_pulled(id, std::move(result)); }});
  if (!started) {
    images.abandon_job(job.store_job);
    return std::move(started).error();
  }
  job.worker = *started;
  // Without it the worker ends, and the transfer with it.
  auto spawned = spawn_fetch(job, request, fetch_end.get());
  if (!spawned) log(LogLevel::Error, "ambit-fetch: %s", spawned.error().message().c_str());
  return {};
}

Result<void> Engine::Impl::spawn_fetch(PullJob& job, const PullRequest& request, int socket_fd) {
  const UniqueFd fetch_options =
      AMBIT_TRY(os::sealed_memfd("fetch-options", image::write_fetch_options(request.fetch)));
  job.fetch = AMBIT_TRY(os::spawn({.exe_fd = programs.fetch.get(),
                                   .argv = {"ambit-fetch"},
                                   .env = environment_of(request),
                                   .fds = {socket_fd, fetch_options.get()}}));
  // Reaped whenever it ends; what that means, the worker says.
  job.fetch_ended =
      AMBIT_TRY(loop.on_child(job.fetch.pidfd.get(), [&job](const siginfo_t&) { job.fetch = {}; }));
  return {};
}

void Engine::Impl::on_pull_progress(const std::string& id,
                                    const std::vector<image::Progress>& lines) {
  Transfer& transfer = pulls.transfers.at(id);
  for (const image::Progress& progress : lines) take_progress(transfer, progress);
  if (observer != nullptr) observer->transfer_changed(id);
}

void Engine::Impl::on_pulled(const std::string& id, Result<image::WorkerResult> result) {
  const std::string store_job = pulls.jobs.at(id).store_job;
  finish_image_job(store_job, std::move(result), [this, id](Result<std::vector<std::string>> ids) {
    Transfer& transfer = pulls.transfers.at(id);
    if (ids && !ids->empty()) {
      transfer.state = TransferState::Done;
      transfer.image_id = ids->front();
    } else if (pulls.jobs.at(id).cancelled) {
      transfer.state = TransferState::Cancelled;
      transfer.error =
          Error(ErrorCode::PullFailed, "pulling " + transfer.reference + " was cancelled");
    } else {
      transfer.state = TransferState::Failed;
      transfer.error = ids ? Error(ErrorCode::Internal, "the pull made no image")
                           : Error(std::move(ids).error()).context("pulling " + transfer.reference);
    }
    end_transfer(id);
  });
}

void Engine::Impl::end_transfer(const std::string& id) {
  PullJob& job = pulls.jobs.at(id);
  std::vector<Done> waiting = std::move(job.waiting);
  // One that still runs is ended by the worker's hanging up; it is not waited for.
  if (job.fetch.pidfd) (void)os::send_signal(job.fetch.pidfd.get(), SIGKILL);
  const Transfer& transfer = pulls.transfers.at(id);
  auto timer = loop.on_timer(kKept, [this, id] { forget_transfer(id); });
  if (timer) pulls.timers[id] = *std::move(timer);
  if (observer != nullptr) observer->transfer_changed(id);
  for (const Done& done : waiting)
    done(transfer.error ? Result<void>(*transfer.error) : Result<void>());
  // Its child may still have to be reaped: the entry goes with the transfer.
  job.key.clear();
}

void Engine::Impl::forget_transfer(const std::string& id) {
  pulls.transfers.erase(id);
  pulls.jobs.erase(id);
  if (observer != nullptr) observer->transfer_changed(id);
  pulls.timers.erase(id);
}

Result<std::string> Engine::pull_image(const PullRequest& request) { return impl_->pull(request); }

const std::map<std::string, Transfer>& Engine::transfers() const { return impl_->pulls.transfers; }

void Engine::wait_transfer(const std::string& id, Done done) {
  const auto found = impl_->pulls.transfers.find(id);
  if (found == impl_->pulls.transfers.end())
    return done(Error(ErrorCode::NotFound, "there is no transfer " + id));
  const Transfer& transfer = found->second;
  if (transfer.state == TransferState::Running)
    return impl_->pulls.jobs.at(id).waiting.push_back(std::move(done));
  done(transfer.error ? Result<void>(*transfer.error) : Result<void>());
}

Result<void> Engine::cancel_transfer(const std::string& id) {
  const auto found = impl_->pulls.jobs.find(id);
  if (found == impl_->pulls.jobs.end())
    return Error(ErrorCode::NotFound, "there is no transfer " + id);
  PullJob& job = found->second;
  if (impl_->pulls.transfers.at(id).state != TransferState::Running) return {};
  if (--job.callers > 0) return {};
  job.cancelled = true;
  impl_->workers.kill(job.worker);
  return {};
}

}  // namespace ambit::engine
