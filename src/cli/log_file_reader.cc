#include "cli/log_file_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/strings.h"
#include "os/dir.h"
#include "os/file.h"
#include "spec/log_driver.h"
#include "spec/log_line.h"

namespace ambit::cli {
namespace {

using systemd::OutputPiece;

constexpr std::size_t kReadBytes = 65536;
constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 20;  // a record of ours is far smaller

OutputPiece to_piece(const spec::LogLine& line) {
  OutputPiece piece{.bytes = std::string(line.bytes),
                    .stream = std::string(line.stream),
                    .realtime_usec = line.realtime_usec};
  if (line.part == spec::LogPart::Line) piece.bytes += '\n';
  return piece;
}

bool ends_line(const OutputPiece& piece) {
  return !piece.bytes.empty() && piece.bytes.back() == '\n';
}

Result<void> add_watch(int inotify_fd, int folder_fd, std::uint32_t events) {
  const std::string path = strf("/proc/self/fd/%d", folder_fd);
  if (::inotify_add_watch(inotify_fd, path.c_str(), events) < 0)
    return Error::from_errno(errno, "watching the folder of the log files");
  return {};
}

}  // namespace

Result<std::optional<OutputPiece>> LogFileLines::next() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', begin_);
    if (end != std::string::npos) {
      const auto line =
          spec::parse_log_line(std::string_view(buffer_).substr(begin_, end - begin_));
      begin_ = end + 1;
      if (line) return std::optional<OutputPiece>(to_piece(*line));
      continue;
    }
    if (!AMBIT_TRY(read_more())) return std::optional<OutputPiece>();
  }
}

Result<bool> LogFileLines::read_more() {
  buffer_.erase(0, std::exchange(begin_, 0));
  // Not of ours: it is passed over, its end is looked for in what comes.
  if (buffer_.size() > kMaxRecordBytes) buffer_.clear();
  const std::size_t old_size = buffer_.size();
  buffer_.resize(old_size + kReadBytes);
  ssize_t n = 0;
  do {
    n = ::pread(fd_, buffer_.data() + old_size, kReadBytes, static_cast<off_t>(offset_));
  } while (n < 0 && errno == EINTR);
  const int err = errno;
  buffer_.resize(old_size + (n > 0 ? static_cast<std::size_t>(n) : 0));
  if (n < 0) return Error::from_errno(err, "reading a log file");
  offset_ += static_cast<std::uint64_t>(n);
  return n > 0;
}

std::optional<OutputPiece> LogFileLines::take_torn() {
  const std::string rest = std::exchange(buffer_, {}).substr(std::exchange(begin_, 0));
  const auto line = spec::parse_log_line(rest);
  if (!line || line->bytes.empty()) return std::nullopt;
  return to_piece({.realtime_usec = line->realtime_usec,
                   .stream = line->stream,
                   .part = spec::LogPart::Part,
                   .bytes = line->bytes});
}

void LogFileLines::skip_to_end() {
  struct stat st = {};
  if (::fstat(fd_, &st) == 0) offset_ = static_cast<std::uint64_t>(st.st_size);
}

Result<std::unique_ptr<LogFileReader>> LogFileReader::open(const std::string& folder) {
  const std::string parent = folder.substr(0, folder.rfind('/'));
  UniqueFd fd = AMBIT_TRY(os::open_at(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  std::unique_ptr<LogFileReader> reader(new LogFileReader(folder, std::move(fd)));
  AMBIT_TRY(reader->look_for_files());
  return reader;
}

// Opens those that are new.
Result<void> LogFileReader::look_for_files() {
  if (!folder_) {
    auto folder = os::open_at(parent_.get(), spec::kLogFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!folder && folder.error().sys_errno() == ENOENT) return {};  // nothing was written yet
    folder_ = AMBIT_TRY(std::move(folder).context("reading " + path_));
    if (inotify_) AMBIT_TRY(watch_folder());
  }
  const std::uint64_t seen = seen_;
  for (const std::string& name : AMBIT_TRY(os::list_names(folder_.get()))) {
    const auto number = spec::log_file_number(name);
    if (!number || *number <= seen) continue;
    auto file = os::open_at(folder_.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat st = {};
    if (!file || ::fstat(file->get(), &st) < 0 || !S_ISREG(st.st_mode)) continue;
    files_.emplace(*number, *std::move(file));
    seen_ = std::max(seen_, *number);
  }
  return {};
}

Result<void> LogFileReader::watch_folder() {
  return add_watch(inotify_.get(), folder_.get(), IN_CREATE | IN_MODIFY);
}

void LogFileReader::begin_at(std::uint64_t number) {
  files_.erase(files_.begin(), files_.lower_bound(number));
  current_ = files_.empty() ? 0 : files_.begin()->first;
  lines_.reset();
  if (current_ != 0) lines_.emplace(files_.begin()->second.get());
}

// Those that were last written to before that time have nothing of interest.
Result<void> LogFileReader::seek_time(std::int64_t realtime_usec) {
  skip_lines_ = 0;
  for (const auto& [number, file] : files_) {
    struct stat st = {};
    const bool is_older = ::fstat(file.get(), &st) == 0 &&
                          (std::int64_t{st.st_mtim.tv_sec} + 1) * 1'000'000 < realtime_usec;
    if (is_older && number != files_.rbegin()->first) continue;
    begin_at(number);
    break;
  }
  return {};
}

// Lines that end in the file; `open_lines` becomes 1 where its last one has not ended.
Result<std::size_t> LogFileReader::count_lines(int fd, std::size_t& open_lines) const {
  LogFileLines lines(fd);
  std::size_t count = 0;
  while (const auto piece = AMBIT_TRY(lines.next())) {
    open_lines = ends_line(*piece) ? 0 : 1;
    count += ends_line(*piece) ? 1 : 0;
  }
  return count;
}

Result<void> LogFileReader::seek_last_lines(std::size_t lines) {
  skip_lines_ = 0;
  if (files_.empty()) return {};
  if (lines == 0) {
    begin_at(files_.rbegin()->first);
    lines_->skip_to_end();
    return {};
  }
  std::size_t found = 0;
  for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
    std::size_t open_lines = 0;
    const std::size_t here = AMBIT_TRY(count_lines(file->second.get(), open_lines));
    // A line that has no end yet counts as one; at the end of an older file it goes on in the next.
    if (file == files_.rbegin()) found += open_lines;
    if (found + here > lines) {
      skip_lines_ = found + here - lines;
      begin_at(file->first);
      return {};
    }
    found += here;
  }
  begin_at(files_.begin()->first);
  return {};
}

Result<std::optional<OutputPiece>> LogFileReader::next() {
  if (current_ == 0 && files_.empty()) AMBIT_TRY(look_for_files());
  if (current_ == 0 && !files_.empty()) begin_at(files_.begin()->first);
  while (lines_) {
    auto piece = AMBIT_TRY(lines_->next());
    if (!piece) {
      // Once there is a next file nothing more comes into this one: it is looked at once more.
      AMBIT_TRY(look_for_files());
      piece = AMBIT_TRY(lines_->next());
      if (!piece && files_.rbegin()->first == current_) return std::optional<OutputPiece>();
      if (!piece) piece = go_on_with_next();
      if (!piece) continue;
    }
    last_usec_ = piece->realtime_usec;
    if (skip_lines_ == 0) return piece;
    if (ends_line(*piece)) --skip_lines_;
  }
  return std::optional<OutputPiece>();
}

// What is left of this one, or a word about those that are missing behind it.
std::optional<OutputPiece> LogFileReader::go_on_with_next() {
  if (auto torn = lines_->take_torn()) return torn;
  const std::uint64_t before = current_;
  begin_at(before + 1);
  if (current_ == before + 1) return std::nullopt;
  return OutputPiece{
      .bytes = "output is missing here: its file was rotated away before it was read\n",
      .stream = "note",
      .realtime_usec = last_usec_};
}

Result<OutputReader::Watch> LogFileReader::watch() {
  if (!inotify_) {
    inotify_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify_) return Error::from_errno(errno, "inotify_init1");
    AMBIT_TRY(add_watch(inotify_.get(), parent_.get(), IN_CREATE));
    if (folder_) AMBIT_TRY(watch_folder());
  }
  Watch watch;
  watch.fd = inotify_.get();
  watch.events = POLLIN;
  return watch;
}

Result<bool> LogFileReader::process() {
  alignas(inotify_event) char events[4096];
  while (inotify_ && ::read(inotify_.get(), events, sizeof events) > 0) continue;
  // At once: a file that is rotated away, or removed with its container, is still read.
  AMBIT_TRY(look_for_files());
  return true;
}

}  // namespace ambit::cli
