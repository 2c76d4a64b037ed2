#define SD_JOURNAL_SUPPRESS_LOCATION

#include "systemd/journal_position.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/strings.h"

namespace ambit::systemd {
namespace {

Result<void> check(int r, const char* what) {
  if (r < 0) return Error::from_errno(-r, what);
  return {};
}

Result<void> add_match(sd_journal* journal, const std::string& match) {
  return check(sd_journal_add_match(journal, match.data(), match.size()),
               "narrowing down the journal");
}

}  // namespace

Result<JournalPosition> JournalPosition::open(const std::vector<std::string>& matches) {
  sd_journal* journal = nullptr;
  const int r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
  if (r < 0)
    return Error::from_errno(-r, "opening the journal").with_code(ErrorCode::HostUnsupported);
  JournalPosition position(journal);
  // What we ask for are our own parts, at most 48 KiB; the default limit of 64 KiB would cut
  // records that hold several lines.
  (void)sd_journal_set_data_threshold(journal, 0);
  for (const std::string& match : matches) AMBIT_TRY(add_match(journal, match));
  AMBIT_TRY(add_match(journal, strf("_UID=%u", static_cast<unsigned>(::getuid()))));
  AMBIT_TRY(check(sd_journal_seek_head(journal), "seeking in the journal"));
  return position;
}

Result<void> JournalPosition::seek_time(std::int64_t realtime_usec) {
  stays_ = false;
  begin_usec_ = realtime_usec;
  return check(
      sd_journal_seek_realtime_usec(journal_.get(), static_cast<std::uint64_t>(realtime_usec)),
      "seeking in the journal");
}

Result<bool> JournalPosition::seek_last() {
  stays_ = false;
  AMBIT_TRY(check(sd_journal_seek_tail(journal_.get()), "seeking in the journal"));
  if (AMBIT_TRY(previous())) return true;
  // Of none at all the next one is the first: behind the tail that was sought here, libsystemd may
  // look past it.
  AMBIT_TRY(seek_time(0));
  return false;
}

Result<bool> JournalPosition::previous() {
  const int r = sd_journal_previous(journal_.get());
  AMBIT_TRY(check(r, "reading the journal"));
  return r > 0;
}

Result<bool> JournalPosition::next() {
  if (std::exchange(stays_, false)) return true;
  for (;;) {
    const int r = sd_journal_next(journal_.get());
    AMBIT_TRY(check(r, "reading the journal"));
    const bool had_news = std::exchange(has_news_, false);
    if (r > 0 || !had_news) return r > 0;
    AMBIT_TRY(look_afresh());
    if (std::exchange(stays_, false)) return true;
  }
}

// journald counts a record before it links it to what it can be found by. libsystemd, when it
// looked in between, remembers the count and does not look again before there are more; a new
// search does.
Result<void> JournalPosition::look_afresh() {
  char* raw = nullptr;
  const int r = sd_journal_get_cursor(journal_.get(), &raw);
  if (r == -EADDRNOTAVAIL) return seek_time(begin_usec_);  // nothing was read yet
  AMBIT_TRY(check(r, "reading the journal"));
  const std::unique_ptr<char, void (*)(void*)> cursor(raw, std::free);
  AMBIT_TRY(check(sd_journal_seek_cursor(journal_.get(), cursor.get()), "seeking in the journal"));
  const int found = sd_journal_next(journal_.get());
  AMBIT_TRY(check(found, "reading the journal"));
  // Another one where the last one was vacuumed meanwhile.
  stays_ = found > 0 && sd_journal_test_cursor(journal_.get(), cursor.get()) == 0;
  return {};
}

std::optional<std::string> JournalPosition::field(const char* name) const {
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_journal_get_data(journal_.get(), name, &data, &size) < 0) return std::nullopt;
  const std::string_view whole(static_cast<const char*>(data), size);
  return std::string(whole.substr(std::min(whole.size(), std::string_view(name).size() + 1)));
}

Result<std::int64_t> JournalPosition::realtime_usec() const {
  std::uint64_t usec = 0;
  AMBIT_TRY(check(sd_journal_get_realtime_usec(journal_.get(), &usec), "reading the journal"));
  return static_cast<std::int64_t>(usec);
}

Result<int> JournalPosition::fd() {
  const int fd = sd_journal_get_fd(journal_.get());
  AMBIT_TRY(check(fd, "watching the journal"));
  return fd;
}

Result<int> JournalPosition::poll_events() {
  const int events = sd_journal_get_events(journal_.get());
  AMBIT_TRY(check(events, "watching the journal"));
  return events;
}

Result<std::optional<std::chrono::microseconds>> JournalPosition::timeout() {
  std::uint64_t deadline = 0;  // by CLOCK_MONOTONIC
  const int r = sd_journal_get_timeout(journal_.get(), &deadline);
  AMBIT_TRY(check(r, "watching the journal"));
  if (r == 0 || deadline == UINT64_MAX) return std::optional<std::chrono::microseconds>();
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  const std::chrono::microseconds left(static_cast<std::int64_t>(deadline) - now.count());
  return std::optional(std::max(left, std::chrono::microseconds(0)));
}

Result<bool> JournalPosition::note_news(int r, const char* what) {
  AMBIT_TRY(check(r, what));
  if (r != SD_JOURNAL_NOP) has_news_ = true;
  return r != SD_JOURNAL_NOP;
}

Result<bool> JournalPosition::process() {
  return note_news(sd_journal_process(journal_.get()), "watching the journal");
}

Result<bool> JournalPosition::wait(std::chrono::microseconds limit) {
  return note_news(sd_journal_wait(journal_.get(), static_cast<std::uint64_t>(limit.count())),
                   "waiting for the journal");
}

}  // namespace ambit::systemd
