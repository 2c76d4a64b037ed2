#include "systemd/event_reader.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/strings.h"

namespace ambit::systemd {
namespace {

Result<void> check(int r, const char* what) {
  if (r < 0) return Error::from_errno(-r, what);
  return {};
}

bool is_ours(std::string_view name) {
  return name.starts_with("AMBIT_") || name.starts_with("CONTAINER_") || name == "IMAGE_NAME" ||
         name == "USER_UNIT";
}

}  // namespace

Result<EventReader> EventReader::open() {
  sd_journal* journal = nullptr;
  const int r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
  if (r < 0)
    return Error::from_errno(-r, "opening the journal").with_code(ErrorCode::HostUnsupported);
  EventReader reader(journal);
  // Matches of one field are alternatives; anybody may write into the journal, hence the user.
  std::vector<std::string> matches = {strf("_UID=%u", static_cast<unsigned>(::getuid()))};
  for (const EventKind& kind : event_kinds())
    matches.push_back(std::string("MESSAGE_ID=") + kind.message_id);
  for (const std::string& match : matches)
    AMBIT_TRY(check(sd_journal_add_match(journal, match.data(), match.size()),
                    "narrowing down the journal"));
  // Watching begins here: what is written from now on is not missed.
  AMBIT_TRY(check(sd_journal_get_fd(journal), "watching the journal"));
  AMBIT_TRY(check(sd_journal_seek_head(journal), "seeking in the journal"));
  return reader;
}

Result<void> EventReader::seek_time(std::int64_t realtime_usec) {
  return check(
      sd_journal_seek_realtime_usec(journal_.get(), static_cast<std::uint64_t>(realtime_usec)),
      "seeking in the journal");
}

Result<void> EventReader::seek_end() {
  AMBIT_TRY(check(sd_journal_seek_tail(journal_.get()), "seeking in the journal"));
  // next() goes on behind the entry at which it stands.
  return check(sd_journal_previous(journal_.get()), "reading the journal");
}

Result<std::optional<PastEvent>> EventReader::next() {
  for (;;) {
    const int r = sd_journal_next(journal_.get());
    AMBIT_TRY(check(r, "reading the journal"));
    if (r == 0) return std::optional<PastEvent>();
    PastEvent event = AMBIT_TRY(read_entry());
    if (event.kind != nullptr) return std::optional<PastEvent>(std::move(event));
  }
}

Result<PastEvent> EventReader::read_entry() {
  PastEvent event;
  std::uint64_t usec = 0;
  AMBIT_TRY(check(sd_journal_get_realtime_usec(journal_.get(), &usec), "reading the journal"));
  event.realtime_usec = static_cast<std::int64_t>(usec);
  const void* data = nullptr;
  std::size_t size = 0;
  SD_JOURNAL_FOREACH_DATA(journal_.get(), data, size) {
    const std::string_view whole(static_cast<const char*>(data), size);
    const std::size_t equals = std::min(whole.find('='), whole.size());
    const std::string_view name = whole.substr(0, equals);
    const std::string_view value = whole.substr(std::min(whole.size(), equals + 1));
    if (name == "MESSAGE_ID") event.kind = kind_of_message_id(value);
    if (name == "MESSAGE") event.message = value;
    if (is_ours(name)) event.fields.emplace(name, value);
  }
  return event;
}

Result<void> EventReader::wait(std::chrono::microseconds limit) {
  return check(sd_journal_wait(journal_.get(), static_cast<std::uint64_t>(limit.count())),
               "waiting for the journal");
}

}  // namespace ambit::systemd
