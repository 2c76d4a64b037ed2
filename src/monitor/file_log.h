#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "monitor/log_sink.h"

namespace ambit::monitor {

// Output as lines (spec/log_line.h) of files in the folder "log" of the container's own: 1.log,
// 2.log and so on. One that is full is left for the next, and those that are too many are deleted,
// the oldest first: a file never changes its name, so that readers lose no place.
//
// The folder is the user's alone, and the container sees it no more than the rest of his home. Were
// it bound into a container all the same, what that puts there is not followed: folder and files
// are opened by descriptor, no link, no file with a second name, nothing but a plain file.
//
// What can't be written, because the disk is full, is dropped and counted at once: neither the
// container nor its clients wait for it. When writing works again a line of the stream "note" says
// how much is missing. Nothing is synced.
class FileLog final : public LogSink {
 public:
  using Clock = std::chrono::steady_clock;

  // After a failure nothing is tried for so long.
  static constexpr std::chrono::milliseconds kRest{250};

  struct Options {
    std::uint64_t max_size_bytes = 0;  // of a file; one record is never cut for it
    std::uint32_t max_files = 1;
  };

  explicit FileLog(Options options) : options_(options) {}

  // `data_fd`: the container's folder, borrowed. The rest waits for the first record.
  void set_folder(int data_fd) { data_fd_ = data_fd; }

  bool has_room() const override { return true; }
  // Written by flush(), or at once where there are many.
  void add(const LogRecord& record) override;
  void rest() override;

  void flush(Clock::time_point now);

  // How many records could not be written since this was last asked, once it is over with: when
  // something was written again, or `end` says that nothing more will come.
  enum class Moment { Running, End };
  std::uint64_t take_lost(Moment moment);

 private:
  Result<void> write_pending();
  Result<void> open_newest();
  Result<void> open_next();
  Result<void> write_note();
  Result<void> write(std::string_view bytes);
  std::size_t fitting(std::string_view records) const;
  void drop_pending(const Error& error, Clock::time_point now);

  Options options_;
  int data_fd_ = -1;
  UniqueFd folder_;
  UniqueFd file_;
  std::uint64_t number_ = 0;      // of the file
  std::uint64_t size_bytes_ = 0;  // of the file
  std::string pending_;           // whole lines
  std::uint64_t unnoted_ = 0;     // lost and not noted in the file yet
  std::uint64_t untold_ = 0;      // lost, noted there, and not taken yet
  std::string why_lost_;
  std::optional<Clock::time_point> retry_at_;
};

}  // namespace ambit::monitor
