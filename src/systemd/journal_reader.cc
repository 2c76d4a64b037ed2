#define SD_JOURNAL_SUPPRESS_LOCATION

#include "systemd/journal_reader.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "systemd/event.h"

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

Result<sd_journal*> open_journal() {
  sd_journal* journal = nullptr;
  const int r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
  if (r < 0)
    return Error::from_errno(-r, "opening the journal").with_code(ErrorCode::HostUnsupported);
  // What we ask for are our own parts, at most 48 KiB; the default limit of 64 KiB would cut
  // records that hold several lines.
  (void)sd_journal_set_data_threshold(journal, 0);
  return journal;
}

std::size_t count_lines(std::string_view bytes) {
  return static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

// `bytes` without its first `lines` lines.
std::string_view without_lines(std::string_view bytes, std::size_t lines) {
  for (; lines > 0; lines--) {
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) return {};
    bytes.remove_prefix(newline + 1);
  }
  return bytes;
}

}  // namespace

Result<JournalReader> JournalReader::open(const std::string& container_id) {
  JournalReader reader(AMBIT_TRY(open_journal()));
  sd_journal* journal = reader.journal_.get();
  AMBIT_TRY(add_match(journal, "CONTAINER_ID_FULL=" + container_id));
  AMBIT_TRY(add_match(journal, strf("_UID=%u", static_cast<unsigned>(::getuid()))));
  AMBIT_TRY(check(sd_journal_seek_head(journal), "seeking in the journal"));
  return reader;
}

Result<void> JournalReader::seek_time(std::int64_t realtime_usec) {
  skip_lines_ = 0;
  at_current_ = false;
  return check(
      sd_journal_seek_realtime_usec(journal_.get(), static_cast<std::uint64_t>(realtime_usec)),
      "seeking in the journal");
}

Result<void> JournalReader::seek_last_lines(std::size_t lines) {
  skip_lines_ = 0;
  at_current_ = false;
  sd_journal* journal = journal_.get();
  AMBIT_TRY(check(sd_journal_seek_tail(journal), "seeking in the journal"));
  // A line that has no end yet counts as one.
  std::size_t found = 0;
  bool is_last = true;
  for (;;) {
    const int r = sd_journal_previous(journal);
    AMBIT_TRY(check(r, "reading the journal"));
    if (lines == 0) return {};        // next() goes on after the last one
    if (r == 0) return seek_time(0);  // there are no more than that
    const auto piece = AMBIT_TRY(read_piece());
    if (piece.stream.empty()) continue;
    if (std::exchange(is_last, false) && !piece.bytes.empty() && piece.bytes.back() != '\n')
      found++;
    const std::size_t here = count_lines(piece.bytes);
    if (found + here > lines) {
      // Lines before the wanted ones end in here.
      skip_lines_ = found + here - lines;
      at_current_ = true;
      return {};
    }
    found += here;
  }
}

Result<std::optional<OutputPiece>> JournalReader::next() {
  for (;;) {
    if (!std::exchange(at_current_, false)) {
      const int r = sd_journal_next(journal_.get());
      AMBIT_TRY(check(r, "reading the journal"));
      if (r == 0) return std::optional<OutputPiece>();
    }
    OutputPiece piece = AMBIT_TRY(read_piece());
    if (piece.stream.empty()) continue;
    piece.bytes = without_lines(piece.bytes, std::exchange(skip_lines_, 0));
    if (!piece.bytes.empty()) return std::optional<OutputPiece>(std::move(piece));
  }
}

std::optional<std::string> JournalReader::field(const char* name) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_journal_get_data(journal_.get(), name, &data, &size) < 0) return std::nullopt;
  const std::string_view whole(static_cast<const char*>(data), size);
  return std::string(whole.substr(std::min(whole.size(), std::string_view(name).size() + 1)));
}

// Of the entry the journal stands at. A record that is no output has no stream.
Result<OutputPiece> JournalReader::read_piece() {
  OutputPiece piece;
  piece.stream = field("AMBIT_STREAM").value_or("");
  if (piece.stream.empty() && field("MESSAGE_ID") == kind_of(Event::ContainerLogDropped).message_id)
    piece.stream = "note";
  if (piece.stream.empty()) return piece;
  piece.bytes = field("MESSAGE").value_or("");
  const bool is_part = field("CONTAINER_PARTIAL_MESSAGE").has_value();
  if (!is_part || field("CONTAINER_PARTIAL_LAST") == "true") piece.bytes += '\n';
  std::uint64_t usec = 0;
  AMBIT_TRY(check(sd_journal_get_realtime_usec(journal_.get(), &usec), "reading the journal"));
  piece.realtime_usec = static_cast<std::int64_t>(usec);
  return piece;
}

Result<int> JournalReader::fd() {
  const int fd = sd_journal_get_fd(journal_.get());
  AMBIT_TRY(check(fd, "watching the journal"));
  return fd;
}

Result<int> JournalReader::poll_events() {
  const int events = sd_journal_get_events(journal_.get());
  AMBIT_TRY(check(events, "watching the journal"));
  return events;
}

Result<std::optional<std::chrono::microseconds>> JournalReader::timeout() {
  std::uint64_t deadline = 0;  // by CLOCK_MONOTONIC
  const int r = sd_journal_get_timeout(journal_.get(), &deadline);
  AMBIT_TRY(check(r, "watching the journal"));
  if (r == 0 || deadline == UINT64_MAX) return std::optional<std::chrono::microseconds>();
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  const std::chrono::microseconds left(static_cast<std::int64_t>(deadline) - now.count());
  return std::optional(std::max(left, std::chrono::microseconds(0)));
}

Result<bool> JournalReader::process() {
  const int r = sd_journal_process(journal_.get());
  AMBIT_TRY(check(r, "watching the journal"));
  return r != SD_JOURNAL_NOP;
}

Result<bool> JournalReader::wait(std::chrono::microseconds limit) {
  const int r = sd_journal_wait(journal_.get(), static_cast<std::uint64_t>(limit.count()));
  AMBIT_TRY(check(r, "waiting for the journal"));
  return r != SD_JOURNAL_NOP;
}

Result<void> probe_journal(std::chrono::milliseconds limit) {
  using std::chrono::steady_clock;
  const std::string mark = "AMBIT_PROBE=" + random_id();
  std::unique_ptr<sd_journal, void (*)(sd_journal*)> journal(AMBIT_TRY(open_journal()),
                                                             sd_journal_close);
  AMBIT_TRY(add_match(journal.get(), mark));
  // Watching begins here: what is written from now on is not missed.
  AMBIT_TRY(check(sd_journal_get_fd(journal.get()), "watching the journal"));
  const int sent = sd_journal_send("MESSAGE=ambit: can this be read back?", "PRIORITY=7", "%s",
                                   mark.c_str(), nullptr);
  if (sent < 0)
    return Error::from_errno(-sent, "writing to the journal").with_code(ErrorCode::HostUnsupported);

  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    AMBIT_TRY(check(sd_journal_seek_head(journal.get()), "seeking in the journal"));
    const int r = sd_journal_next(journal.get());
    AMBIT_TRY(check(r, "reading the journal"));
    if (r > 0) return {};
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) break;
    AMBIT_TRY(check(sd_journal_wait(journal.get(), static_cast<std::uint64_t>(left.count())),
                    "waiting for the journal"));
  }
  return Error(
      ErrorCode::HostUnsupported,
      "records of this user can't be read back by him: join the group systemd-journal, or "
      "set Storage=persistent in journald.conf (users with a uid below 1000 or above 61183 "
      "have no journal of their own)");
}

}  // namespace ambit::systemd
