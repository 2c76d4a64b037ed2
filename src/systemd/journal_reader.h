#pragma once

#include <systemd/sd-journal.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::systemd {

// A piece of a container's output as it was written. The pieces of a stream, put together, are the
// identical bytes; monitor/log_stream.h has the rule by which they lie in the journal. Where output
// is missing, a piece of the stream "note" says so in a line for people.
struct OutputPiece {
  std::string bytes;
  std::string stream;              // "stdout", "stderr" or "tty"; "note": see below
  std::int64_t realtime_usec = 0;  // since 1970, when the monitor sent it
};

// The output of one container in the journals that the calling user may read, oldest first.
class JournalReader {
 public:
  // `container_id`: all 64 digits. Only records of the calling user count: anybody may write into
  // the journal. HostUnsupported where there is no journal at all; one that is there and not
  // readable looks empty, see probe_journal().
  static Result<JournalReader> open(const std::string& container_id);

  // Where to begin; the beginning, unless one of these was called.
  Result<void> seek_time(std::int64_t realtime_usec);
  // With the last `lines` lines; 0: with what comes from now on.
  Result<void> seek_last_lines(std::size_t lines);

  // The next piece; nothing at the end. After it more may come: see fd().
  Result<std::optional<OutputPiece>> next();

  // For following: wait until fd() has poll_events(), or for timeout() at most, and call process();
  // true where next() may have something new.
  Result<int> fd();
  Result<int> poll_events();
  // From now; nothing where fd() alone tells.
  Result<std::optional<std::chrono::microseconds>> timeout();
  Result<bool> process();
  // The three in one: waits for news, `limit` at most.
  Result<bool> wait(std::chrono::microseconds limit);

 private:
  struct Close {
    void operator()(sd_journal* journal) const noexcept { sd_journal_close(journal); }
  };
  explicit JournalReader(sd_journal* taken) : journal_(taken) {}

  std::optional<std::string> field(const char* name);
  Result<OutputPiece> read_piece();

  std::unique_ptr<sd_journal, Close> journal_;
  std::size_t skip_lines_ = 0;  // of the next piece
  bool at_current_ = false;     // the next piece is the one the journal stands at
};

// Whether what this user's processes log can be read back by him: sends a record and looks for it,
// `limit` at most. HostUnsupported with the reason where it can't: users with a system's or dynamic
// id, and journals that are kept in memory only, have no file of the user's own.
Result<void> probe_journal(std::chrono::milliseconds limit);

}  // namespace ambit::systemd
