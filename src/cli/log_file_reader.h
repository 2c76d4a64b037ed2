#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/output_reader.h"

namespace ambit::cli {

// The records of one log file, as far as they have been written. The file is borrowed; it may grow.
class LogFileLines {
 public:
  explicit LogFileLines(int fd) : fd_(fd) {}

  // The next whole record; nothing at the end, which may not stay so. What is no record, as a power
  // cut may leave it, is passed over.
  Result<std::optional<systemd::OutputPiece>> next();

  // The rest of a file that is complete: a last record that was cut off.
  std::optional<systemd::OutputPiece> take_torn();

  void skip_to_end();

 private:
  Result<bool> read_more();

  int fd_;
  std::uint64_t offset_ = 0;  // in the file, behind the buffer
  std::string buffer_;
  std::size_t begin_ = 0;  // of the first record that was not returned
};

// Output out of a container's own files: monitor/file_log.h writes them, spec/log_line.h has their
// format. It goes on through rotation, and after the container was removed: files that were there
// when they were looked for are kept open. Where one was rotated away before it could be read, a
// piece of "note" says so.
//
// What is in the folder may have been put there by anybody who can write in the user's home: links
// and whatever is no plain file are not read.
class LogFileReader final : public OutputReader {
 public:
  // `folder`: Container.LogPath. It need not be there yet. NotFound where that above it is missing:
  // the container was removed.
  static Result<std::unique_ptr<LogFileReader>> open(const std::string& folder);

  Result<void> seek_time(std::int64_t realtime_usec) override;
  Result<void> seek_last_lines(std::size_t lines) override;
  Result<std::optional<systemd::OutputPiece>> next() override;
  Result<Watch> watch() override;
  Result<bool> process() override;

 private:
  LogFileReader(std::string path, UniqueFd parent)
      : path_(std::move(path)), parent_(std::move(parent)) {}

  Result<void> look_for_files();
  Result<void> watch_folder();
  Result<std::size_t> count_lines(int fd, std::size_t& open_lines) const;
  void begin_at(std::uint64_t number);
  std::optional<systemd::OutputPiece> go_on_with_next();

  std::string path_;  // for messages
  UniqueFd parent_;   // the container's folder
  UniqueFd folder_;
  UniqueFd inotify_;
  std::map<std::uint64_t, UniqueFd> files_;  // from the current one on
  std::uint64_t seen_ = 0;                   // the highest number that was found
  std::uint64_t current_ = 0;                // the number of the one that is read; 0: none yet
  std::optional<LogFileLines> lines_;        // of it
  std::size_t skip_lines_ = 0;
  std::int64_t last_usec_ = 0;  // of the last piece
};

}  // namespace ambit::cli
