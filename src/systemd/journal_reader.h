#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "systemd/journal_position.h"

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

  // The next piece; nothing at the end. After it more may come: see position().
  Result<std::optional<OutputPiece>> next();

  // For following.
  JournalPosition& position() noexcept { return position_; }

 private:
  explicit JournalReader(JournalPosition position) : position_(std::move(position)) {}

  Result<OutputPiece> read_piece();

  JournalPosition position_;
  std::size_t skip_lines_ = 0;  // of the next piece
};

constexpr char kUnreadableJournal[] =
    "records of this user can't be read back by him: join the group systemd-journal, or set "
    "Storage=persistent in journald.conf (users with a uid below 1000 or above 61183 have no "
    "journal of their own)";

// A record that was sent to be looked for. `position` is watched from before that: its next() finds
// the record, or it can't be read back.
struct JournalProbe {
  JournalPosition position;

  // HostUnsupported where there is no journal, or nothing can be sent.
  static Result<JournalProbe> begin();
};

// Whether what this user's processes log can be read back by him: sends a record and looks for it,
// `limit` at most. HostUnsupported with the reason where it can't: users with a system's or dynamic
// id, and journals that are kept in memory only, have no file of the user's own.
Result<void> probe_journal(std::chrono::milliseconds limit);

}  // namespace ambit::systemd
