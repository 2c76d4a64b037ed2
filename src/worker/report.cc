#include "worker/report.h"

#include <fcntl.h>

#include "os/file.h"

namespace ambit::worker {

Report::Report(int output_fd) : output_fd_(output_fd) {
  const int flags = ::fcntl(output_fd, F_GETFL);
  if (flags >= 0) (void)::fcntl(output_fd, F_SETFL, flags & ~O_NONBLOCK);
}

// A daemon that has gone away notices nothing; the parent-death signal ends this process then.
void Report::progress(const image::Progress& progress) {
  constexpr std::chrono::milliseconds kPause(100);
  const auto now = std::chrono::steady_clock::now();
  const bool whole = progress.done_bytes == progress.total_bytes;
  const auto [last, first] = last_.try_emplace(progress.stage + " " + progress.object, now);
  if (!first && !whole && progress.note.empty() && now - last->second < kPause) return;
  last->second = now;
  (void)os::write_all(output_fd_, image::write_line(progress));
}

void Report::result(const image::WorkerResult& result) {
  (void)os::write_all(output_fd_, image::write_line(result));
}

}  // namespace ambit::worker
