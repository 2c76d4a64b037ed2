#include "systemd/event_reader.h"

#include <algorithm>
#include <string_view>

namespace ambit::systemd {
namespace {

bool is_ours(std::string_view name) {
  return name.starts_with("AMBIT_") || name.starts_with("CONTAINER_") || name == "IMAGE_NAME" ||
         name == "USER_UNIT";
}

}  // namespace

Result<EventReader> EventReader::open() {
  std::vector<std::string> matches;
  for (const EventKind& kind : event_kinds())
    matches.push_back(std::string("MESSAGE_ID=") + kind.message_id);
  EventReader reader(AMBIT_TRY(JournalPosition::open(matches)));
  // Watching begins here: what is written from now on is not missed.
  AMBIT_TRY(reader.position_.fd());
  return reader;
}

Result<void> EventReader::seek_end() {
  AMBIT_TRY(position_.seek_last());
  return {};
}

Result<std::optional<PastEvent>> EventReader::next() {
  while (AMBIT_TRY(position_.next())) {
    PastEvent event = AMBIT_TRY(read_entry());
    if (event.kind != nullptr) return std::optional<PastEvent>(std::move(event));
  }
  return std::optional<PastEvent>();
}

Result<PastEvent> EventReader::read_entry() {
  PastEvent event;
  event.realtime_usec = AMBIT_TRY(position_.realtime_usec());
  const void* data = nullptr;
  std::size_t size = 0;
  SD_JOURNAL_FOREACH_DATA(position_.get(), data, size) {
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

}  // namespace ambit::systemd
