#define SD_JOURNAL_SUPPRESS_LOCATION

#include "systemd/journal_reader.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "systemd/event.h"

namespace ambit::systemd {
namespace {

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
  return JournalReader(AMBIT_TRY(JournalPosition::open({"CONTAINER_ID_FULL=" + container_id})));
}

Result<void> JournalReader::seek_time(std::int64_t realtime_usec) {
  skip_lines_ = 0;
  return position_.seek_time(realtime_usec);
}

Result<void> JournalReader::seek_last_lines(std::size_t lines) {
  skip_lines_ = 0;
  bool is_there = AMBIT_TRY(position_.seek_last());
  if (lines == 0) return {};
  // A line that has no end yet counts as one.
  std::size_t found = 0;
  bool is_last = true;
  for (; is_there; is_there = AMBIT_TRY(position_.previous())) {
    const auto piece = AMBIT_TRY(read_piece());
    if (piece.stream.empty()) continue;
    if (std::exchange(is_last, false) && !piece.bytes.empty() && piece.bytes.back() != '\n')
      found++;
    const std::size_t here = count_lines(piece.bytes);
    if (found + here > lines) {
      // Lines before the wanted ones end in here.
      skip_lines_ = found + here - lines;
      position_.stay();
      return {};
    }
    found += here;
  }
  return seek_time(0);  // there are no more than that
}

Result<std::optional<OutputPiece>> JournalReader::next() {
  while (AMBIT_TRY(position_.next())) {
    OutputPiece piece = AMBIT_TRY(read_piece());
    if (piece.stream.empty()) continue;
    piece.bytes = without_lines(piece.bytes, std::exchange(skip_lines_, 0));
    if (!piece.bytes.empty()) return std::optional<OutputPiece>(std::move(piece));
  }
  return std::optional<OutputPiece>();
}

// Of the entry the journal stands at. A record that is no output has no stream.
Result<OutputPiece> JournalReader::read_piece() {
  OutputPiece piece;
  piece.stream = position_.field("AMBIT_STREAM").value_or("");
  if (piece.stream.empty() &&
      position_.field("MESSAGE_ID") == kind_of(Event::ContainerLogDropped).message_id)
    piece.stream = "note";
  if (piece.stream.empty()) return piece;
  piece.bytes = position_.field("MESSAGE").value_or("");
  const bool is_part = position_.field("CONTAINER_PARTIAL_MESSAGE").has_value();
  if (!is_part || position_.field("CONTAINER_PARTIAL_LAST") == "true") piece.bytes += '\n';
  piece.realtime_usec = AMBIT_TRY(position_.realtime_usec());
  return piece;
}

Result<JournalProbe> JournalProbe::begin() {
  const std::string mark = "AMBIT_PROBE=" + random_id();
  JournalPosition journal = AMBIT_TRY(JournalPosition::open({mark}));
  // Watching begins here: what is written from now on is not missed.
  AMBIT_TRY(journal.fd());
  const int sent = sd_journal_send("MESSAGE=ambit: can this be read back?", "PRIORITY=7", "%s",
                                   mark.c_str(), nullptr);
  if (sent < 0)
    return Error::from_errno(-sent, "writing to the journal").with_code(ErrorCode::HostUnsupported);
  return JournalProbe{.position = std::move(journal)};
}

Result<void> probe_journal(std::chrono::milliseconds limit) {
  using std::chrono::steady_clock;
  JournalProbe probe = AMBIT_TRY(JournalProbe::begin());
  JournalPosition& journal = probe.position;
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    if (AMBIT_TRY(journal.next())) return {};
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) break;
    AMBIT_TRY(journal.wait(left));
  }
  return Error(ErrorCode::HostUnsupported, kUnreadableJournal);
}

}  // namespace ambit::systemd
