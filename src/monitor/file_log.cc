#include "monitor/file_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/strings.h"
#include "monitor/wall_clock.h"
#include "os/dir.h"
#include "os/file.h"
#include "spec/log_driver.h"
#include "spec/log_line.h"

namespace ambit::monitor {
namespace {

constexpr std::size_t kBatchBytes = 64 * 1024;
constexpr std::size_t kKeptBytes = 4096;
constexpr int kMaxTaken = 16;  // names in a row that somebody else has put there

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// Makes and opens the folder; a link there is an error.
Result<UniqueFd> open_folder(int data_fd) {
  if (::mkdirat(data_fd, spec::kLogFolder, 0700) < 0 && errno != EEXIST)
    return Error::from_errno(errno, "making the folder log");
  return os::open_at(data_fd, spec::kLogFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

// A plain file of ours with this one name; its size. O_NONBLOCK: a FIFO must not hold us up.
Result<UniqueFd> open_existing(int folder_fd, const std::string& name, struct stat& st) {
  UniqueFd file = AMBIT_TRY(
      os::open_at(folder_fd, name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (::fstat(file.get(), &st) < 0) return Error::from_errno(errno, "looking at " + name);
  if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != ::geteuid())
    return Error(ErrorCode::PermissionDenied, name + " is not a file of ours alone");
  return file;
}

}  // namespace

void FileLog::add(const LogRecord& record) {
  const auto part =
      record.kind == LogRecord::Kind::Part ? spec::LogPart::Part : spec::LogPart::Line;
  spec::append_log_line(pending_, {.realtime_usec = wall_clock_usec(),
                                   .stream = record.stream,
                                   .part = part,
                                   .bytes = record.bytes});
  if (pending_.size() >= kBatchBytes) flush(Clock::now());
}

void FileLog::rest() {
  if (pending_.empty() && pending_.capacity() > kKeptBytes) pending_.shrink_to_fit();
}

void FileLog::flush(Clock::time_point now) {
  if (pending_.empty()) return;
  if (retry_at_ && now < *retry_at_) {
    unnoted_ += count_lines(pending_);
    return pending_.clear();
  }
  retry_at_.reset();
  if (const Result<void> written = write_pending(); !written) drop_pending(written.error(), now);
  pending_.clear();
}

Result<void> FileLog::write_pending() {
  if (!file_) AMBIT_TRY(open_newest());
  if (unnoted_ > 0) AMBIT_TRY(write_note());
  while (!pending_.empty()) {
    const std::size_t size = fitting(pending_);
    if (size == 0) {
      AMBIT_TRY(open_next());
      continue;
    }
    AMBIT_TRY(write(std::string_view(pending_).substr(0, size)));
    pending_.erase(0, size);
  }
  return {};
}

// Of whole records, how much still goes into the file; an empty one takes any record.
std::size_t FileLog::fitting(std::string_view records) const {
  const std::uint64_t room =
      options_.max_size_bytes - std::min(size_bytes_, options_.max_size_bytes);
  if (records.size() <= room) return records.size();
  const std::size_t whole = records.substr(0, static_cast<std::size_t>(room)).rfind('\n') + 1;
  return whole > 0 || size_bytes_ > 0 ? whole : records.find('\n') + 1;
}

// Goes on where an earlier run has stopped.
Result<void> FileLog::open_newest() {
  if (!folder_) folder_ = AMBIT_TRY(open_folder(data_fd_));
  for (const std::string& name : AMBIT_TRY(os::list_names(folder_.get())))
    if (const auto number = spec::log_file_number(name)) number_ = std::max(number_, *number);
  if (number_ == 0) return open_next();
  struct stat st = {};
  auto file = open_existing(folder_.get(), spec::log_file_name(number_), st);
  if (!file) return open_next();
  file_ = *std::move(file);
  size_bytes_ = static_cast<std::uint64_t>(st.st_size);
  char last = '\n';
  if (size_bytes_ > 0 && ::pread(file_.get(), &last, 1, st.st_size - 1) != 1) last = '\0';
  // What a power cut has cut off at its end is a line of its own.
  return last == '\n' ? Result<void>() : write("\n");
}

Result<void> FileLog::open_next() {
  for (int taken = 0; taken < kMaxTaken; ++taken) {
    const std::string name = spec::log_file_name(number_ + 1);
    auto file =
        os::open_at(folder_.get(), name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (!file && file.error().sys_errno() != EEXIST) return std::move(file).error();
    ++number_;
    if (!file) continue;
    file_ = *std::move(file);
    size_bytes_ = 0;
    for (const std::string& old : AMBIT_TRY(os::list_names(folder_.get()))) {
      const auto number = spec::log_file_number(old);
      if (number && *number + options_.max_files <= number_)
        (void)::unlinkat(folder_.get(), old.c_str(), 0);
    }
    return {};
  }
  return Error(ErrorCode::AlreadyExists, "files that are not ours are in the folder log");
}

Result<void> FileLog::write_note() {
  std::string line;
  const std::string text = strf("%llu lines of output are missing here: %s",
                                static_cast<unsigned long long>(unnoted_), why_lost_.c_str());
  spec::append_log_line(line,
                        {.realtime_usec = wall_clock_usec(), .stream = "note", .bytes = text});
  AMBIT_TRY(write(line));
  untold_ += std::exchange(unnoted_, 0);
  return {};
}

// All of it, or nothing: what was cut off is taken back.
Result<void> FileLog::write(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(file_.get(), bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      Error error = Error::from_errno(n < 0 ? errno : ENOSPC, "writing its file");
      (void)::ftruncate(file_.get(), static_cast<off_t>(size_bytes_));
      return error;
    }
    written += static_cast<std::size_t>(n);
  }
  size_bytes_ += written;
  return {};
}

void FileLog::drop_pending(const Error& error, Clock::time_point now) {
  unnoted_ += count_lines(pending_);
  why_lost_ = error.message();
  retry_at_ = now + kRest;
}

std::uint64_t FileLog::take_lost(Moment moment) {
  if (moment == Moment::End) untold_ += std::exchange(unnoted_, 0);
  return std::exchange(untold_, 0);
}

}  // namespace ambit::monitor
