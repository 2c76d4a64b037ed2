#pragma once

#include <systemd/sd-journal.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ambit::systemd {

// A place in the journals that the calling user may read, among his own records that match: anybody
// may write into the journal. Who follows it from there misses nothing.
class JournalPosition {
 public:
  // "FIELD=VALUE"; those of one field are alternatives. At the beginning. HostUnsupported where
  // there is no journal at all; one that is there and not readable looks empty.
  static Result<JournalPosition> open(const std::vector<std::string>& matches);

  Result<void> seek_time(std::int64_t realtime_usec);
  // Onto the last record: next() goes on behind it. False where there is none yet.
  Result<bool> seek_last();
  Result<bool> previous();
  // Onto the next record; false at the end. After it more may come: see fd().
  Result<bool> next();
  // The next one is the one it stands at.
  void stay() { stays_ = true; }

  // Of the record it stands at. Nothing where it has no such field.
  std::optional<std::string> field(const char* name) const;
  Result<std::int64_t> realtime_usec() const;
  sd_journal* get() const noexcept { return journal_.get(); }

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
  explicit JournalPosition(sd_journal* taken) : journal_(taken) {}
  Result<bool> note_news(int r, const char* what);
  Result<void> look_afresh();

  std::unique_ptr<sd_journal, Close> journal_;
  bool stays_ = false;
  bool has_news_ = false;  // since next() was last called
  std::int64_t begin_usec_ = 0;
};

}  // namespace ambit::systemd
