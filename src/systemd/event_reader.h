#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "systemd/event.h"
#include "systemd/journal_position.h"

namespace ambit::systemd {

// One record of systemd/event.h as it stands in the journal.
struct PastEvent {
  const EventKind* kind = nullptr;
  std::int64_t realtime_usec = 0;
  std::string message;
  // All other fields of ours by their name: CONTAINER_NAME, IMAGE_NAME, AMBIT_EXIT_CODE, ...
  std::map<std::string, std::string> fields;

  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

// The events of the calling user's containers and images, oldest first.
class EventReader {
 public:
  // HostUnsupported where there is no journal at all; one that can't be read looks empty.
  static Result<EventReader> open();

  // Where to begin; the beginning of the journal, unless one of these was called.
  Result<void> seek_time(std::int64_t realtime_usec) { return position_.seek_time(realtime_usec); }
  Result<void> seek_end();

  // The next event; nothing at the end. After it more may come.
  Result<std::optional<PastEvent>> next();

  // Waits for news, `limit` at most. Files that the journal begins or ends meanwhile are news too.
  Result<bool> wait(std::chrono::microseconds limit) { return position_.wait(limit); }

 private:
  explicit EventReader(JournalPosition position) : position_(std::move(position)) {}
  Result<PastEvent> read_entry();

  JournalPosition position_;
};

}  // namespace ambit::systemd
