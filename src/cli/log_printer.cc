#include "cli/log_printer.h"

#include <algorithm>
#include <utility>

#include "cli/time_text.h"
#include "os/file.h"

namespace ambit::cli {
namespace {

constexpr std::size_t kBatchBytes = 65536;

}  // namespace

LogPrinter::LogPrinter(int stdout_fd, int stderr_fd, Timestamps timestamps)
    : output_{.fd = stdout_fd}, errors_{.fd = stderr_fd}, timestamps_(timestamps) {}

Result<void> LogPrinter::add(std::string_view bytes, std::string_view stream,
                             std::int64_t realtime_usec) {
  const bool is_note = stream == "note";
  Sink& sink = is_note || stream == "stderr" ? errors_ : output_;
  // Both may be the same terminal: the order of the streams is kept.
  if (&sink != current_) AMBIT_TRY(flush());
  current_ = &sink;
  if (is_note) pending_ += "ambit: ";
  if (timestamps_ == Timestamps::EachLine)
    add_lines(sink, bytes, realtime_usec);
  else
    pending_ += bytes;
  if (pending_.size() >= kBatchBytes) return flush();
  return {};
}

void LogPrinter::add_lines(Sink& sink, std::string_view bytes, std::int64_t realtime_usec) {
  while (!bytes.empty()) {
    if (sink.at_line_start) pending_ += format_timestamp(realtime_usec) + " ";
    const std::size_t length = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    pending_ += bytes.substr(0, length);
    sink.at_line_start = bytes[length - 1] == '\n';
    bytes.remove_prefix(length);
  }
}

Result<void> LogPrinter::flush() {
  if (pending_.empty()) return {};
  const std::string bytes = std::exchange(pending_, {});
  return os::write_all(current_->fd, bytes);
}

}  // namespace ambit::cli
